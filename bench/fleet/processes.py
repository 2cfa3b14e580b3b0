"""Start and end the fleet's processes, and talk to them."""

import contextlib
import multiprocessing
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

import click

_SPAWN = multiprocessing.get_context("spawn")


class Peer:
    """A process that answers commands over a pipe."""

    def __init__(self, name: str, pid: int, pipe: Connection, *, patience: float) -> None:
        self.pid = pid
        self._name = name
        self._pipe = pipe
        self._patience = patience

    def tell(self, command: str, *arguments: Any) -> None:
        """Send a command; `answer` gets its answer."""
        self._pipe.send((command, *arguments))

    def answer(self, *, within: float | None = None) -> Any:
        """The answer to the command that was sent; ClickException when it does not come in time."""
        try:
            if self._pipe.poll(within if within is not None else self._patience):
                return self._pipe.recv()
        except (EOFError, OSError) as error:
            raise click.ClickException(f"The {self._name} process has ended unexpectedly.") from error
        raise click.ClickException(
            f"The {self._name} process did not get ready within {self._patience:.0f} s. "
            "Try fewer clients, or give it more time with --at-most."
        )

    def ask(self, command: str, *arguments: Any) -> Any:
        """Send a command and wait for its answer."""
        self.tell(command, *arguments)
        return self.answer()


@contextlib.contextmanager
def peer(name: str, target: Callable[..., None], *arguments: Any, patience: float) -> Iterator[Peer]:
    """A process that runs `target(pipe, *arguments)` until the block is left."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=target, args=(theirs, *arguments), name=name, daemon=True)
    process.start()
    theirs.close()
    assert process.pid is not None
    try:
        yield Peer(name, process.pid, ours, patience=patience)
    finally:
        with contextlib.suppress(OSError):
            ours.send(("stop",))
        ours.close()
        process.join(5)
        if process.is_alive():
            process.kill()
            process.join()


def ask_all(peers: list[Peer], command: str, *arguments: Any) -> list[Any]:
    """Send a command to all before waiting for the first answer."""
    for each in peers:
        each.tell(command, *arguments)
    return [each.answer() for each in peers]
