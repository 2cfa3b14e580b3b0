"""`python -m bench NAME`: one command for each benchmark, loaded when it is used."""

import importlib
import subprocess
import sys

import click

BENCHMARKS = {
    "routing": ("bench.routing:routing", "1,000 services with their rules built, and one rule changed."),
    "fleet": ("bench.fleet.command:fleet", "Thousands of xDS clients that behave like Envoy."),
    "scale": ("bench.scale.command:scale", "A thousand sidecars: changes, churn, reconnects, cold starts."),
    "synthetic": ("bench.synthetic.command:synthetic", "The objects of a large mesh as YAML."),
    "mesh": ("bench.mesh:mesh", "Requests between pods, directly and through a gateway."),
    "subsets": ("bench.subsets:subsets", "New subsets under load: until in force, and failures."),
    "apiserver": ("bench.apiserver.command:apiserver", "The embedded cluster's API server under load."),
    "changes": ("bench.changes:changes", "From a changed file to the first request that follows it."),
    "kube-changes": (
        "bench.kube_changes.command:kube_changes",
        "From `kubectl apply` to the first request that follows it.",
    ),
}

# One takes a quarter of an hour, and one prints no figures.
_ONLY_BY_NAME = ("scale", "synthetic")


class _Benchmarks(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(BENCHMARKS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in BENCHMARKS:
            return None
        module, _, attribute = BENCHMARKS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Benchmarks"):
            formatter.write_dl([(name, about) for name, (_, about) in BENCHMARKS.items()])


@click.group(cls=_Benchmarks, invoke_without_command=True)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Benchmarks of Convoy: they print figures and assert nothing. Without a name, most of them."""
    if ctx.invoked_subcommand is not None:
        return
    for name, (_, about) in BENCHMARKS.items():
        if name in _ONLY_BY_NAME:
            continue
        click.secho(f"\n{name}: {about}", bold=True)
        subprocess.run([sys.executable, "-m", "bench", name], check=True)


if __name__ == "__main__":
    main(prog_name="python -m bench")
