"""The `convoy` command: a table of subcommands, each imported only when it is used.

Every expected failure ends in one sentence on standard error and an exit code: 1 for what Convoy refuses or
cannot do, 2 for a command line it does not understand, 70 for a fault of Convoy itself. `CONVOY_DEBUG=1`
shows tracebacks.
"""

import importlib
import os
import sys
import traceback
from collections.abc import Iterator, Mapping

import click
import msgspec

from convoy import __version__

EXIT_REFUSED = 1
EXIT_FAULT = 70
EXIT_INTERRUPTED = 130


class Subcommand(msgspec.Struct, frozen=True):
    """Where a subcommand is (`module:attribute`), and its line in `convoy --help`."""

    target: str
    summary: str


SUBCOMMANDS: Mapping[str, Subcommand] = {
    "crds": Subcommand("convoy.cli.crds:crds", "Print the definitions of the Istio kinds."),
    "demo": Subcommand("convoy.cli.demo.command:demo", "Start two clusters and verify version routing."),
    "down": Subcommand("convoy.cli.down:down", "End the embedded clusters."),
    "ingress": Subcommand("convoy.cli.ingress:ingress", "Print the URL of a cluster's ingress gateway."),
    "kubeconfig": Subcommand("convoy.cli.kubeconfig:kubeconfig", "Print the kubeconfig's path."),
    "logs": Subcommand("convoy.cli.logs:logs", "Print what the embedded clusters say of themselves."),
    "proxy-config": Subcommand(
        "convoy.cli.proxy_config:proxy_config", "Show what a proxy is configured with."
    ),
    "proxy-status": Subcommand("convoy.cli.proxy_status:proxy_status", "Show which proxies are up to date."),
    "status": Subcommand("convoy.cli.status:status", "List the embedded clusters."),
    "translate": Subcommand("convoy.cli.translate:translate", "Print what Envoy would get, offline."),
    "up": Subcommand("convoy.cli.up:up", "Start embedded Kubernetes clusters."),
    "validate": Subcommand("convoy.cli.validate:validate", "Check files and folders."),
    "version": Subcommand("convoy.cli.version:version", "Print Convoy's version."),
}


class LazyGroup(click.Group):
    """A group whose commands are named by a table and imported on use; help needs no import either."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the table."""
        return sorted(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, imported now."""
        if cmd_name not in SUBCOMMANDS:
            return None
        module, _, attribute = SUBCOMMANDS[cmd_name].target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands in `--help`, from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, SUBCOMMANDS[name].summary) for name in self.list_commands(ctx)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="convoy %(version)s")
def convoy() -> None:
    """A multicluster service mesh: the Istio APIs on stock Envoy."""


def run(arguments: list[str]) -> int:
    """Run a command line and give its exit code."""
    try:
        result = convoy.main(args=arguments, prog_name="convoy", standalone_mode=False)
    except click.exceptions.Exit as e:
        return e.exit_code
    except click.Abort:
        return EXIT_INTERRUPTED
    except click.ClickException as e:
        e.show()
        return e.exit_code
    except BrokenPipeError:
        return _close_output()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as e:
        return _report(e)
    return result if isinstance(result, int) else 0


def _report(error: Exception) -> int:
    if os.environ.get("CONVOY_DEBUG"):
        traceback.print_exception(error)
    causes = list(_leaves(error))
    for sentence in dict.fromkeys(_sentence(cause) for cause in causes):
        click.echo(f"convoy: {sentence}", err=True)
    return EXIT_REFUSED if all(map(_is_expected, causes)) else EXIT_FAULT


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """What went wrong, without the groups that tasks wrap it in."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _is_expected(error: BaseException) -> bool:
    """A room's own exceptions and refusals of the machine are meant for people; others are faults of ours."""
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] == "convoy"


def _sentence(error: BaseException) -> str:
    if not _is_expected(error):
        detail = f"{type(error).__name__}: {error}".splitlines()[0]
        return f"This is a fault of Convoy: {detail}. Set CONVOY_DEBUG=1 to see where, and report it."
    if isinstance(error, OSError) and error.strerror:
        about = f"{error.filename}: " if error.filename else ""
        return f"{about}{error.strerror}."
    return str(error) or type(error).__name__


def _close_output() -> int:
    """The reader of our output went away, as `| head` does: nothing to report, and nothing more to flush."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_REFUSED
