"""A container's standard input, output and error: pipes or a terminal, and the log at their other end."""

import os
from collections.abc import Awaitable, Callable

from convoy.api.kube.core import Container
from convoy.cluster.errors import WorldError
from convoy.cluster.kubelet.descriptors import make_pipe, write_all
from convoy.cluster.kubelet.logs import ContainerLog
from convoy.cluster.kubelet.outputs import RunLogs
from convoy.cluster.kubelet.sandboxes import Process, Sandbox
from convoy.cluster.kubelet.terminals import set_size

MOST_COLLECTED = 10 << 10  # bytes of a probe's output that are shown


class Stdio:
    """The three descriptors of one run of a container.

    `theirs` are for the process and closed once it has them; `input`, which is ours, is -1 where there is no
    stdin.
    """

    def __init__(self, theirs: tuple[int, int, int], *, input: int = -1, terminal: int = -1) -> None:
        self.theirs = theirs
        self._input = input
        self._terminal = terminal

    @classmethod
    async def open(cls, container: Container, sandbox: Sandbox, log: ContainerLog | RunLogs) -> "Stdio":
        """As the container asks for; only logs of the API's pods can have a terminal."""
        if container.tty and isinstance(log, RunLogs):
            master, slave = await sandbox.open_terminal()
            os.set_blocking(master, False)
            log.read_terminal(master)
            return cls((slave, os.dup(slave), os.dup(slave)), input=master, terminal=master)
        output, errors = log.open_output()
        if container.stdin and isinstance(log, RunLogs):
            ours, theirs = make_pipe(ours_reads=False)
            return cls((theirs, output, errors), input=ours)
        return cls((os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC), output, errors))

    @property
    def is_open(self) -> bool:
        """Whether the container can be written to."""
        return self._input >= 0

    async def write(self, data: bytes) -> None:
        """Give the container input, if it takes any."""
        if self._input >= 0:
            try:
                await write_all(self._input, data)
            except OSError:  # it ended, or closed its stdin
                return

    def close_input(self) -> None:
        """Let the container's stdin end; a terminal has no such end but Ctrl-D."""
        if self._input >= 0 and self._terminal < 0:
            os.close(self._input)
            self._input = -1

    def resize(self, width: int, height: int) -> None:
        """Set the terminal's size, if there is one."""
        if self._terminal >= 0:
            set_size(self._terminal, width, height)

    def close_theirs(self) -> None:
        """Close what the process has by now."""
        for fd in self.theirs:
            os.close(fd)
        self.theirs = (-1, -1, -1)

    def close(self) -> None:
        """The process ended. Safe to repeat."""
        if self._input >= 0:
            os.close(self._input)
        self._input = self._terminal = -1


async def run_and_collect(
    start: Callable[[tuple[int, int, int]], Awaitable[Process]],
) -> tuple[int, str]:
    """Run a command to its end: its exit code and the beginning of what it wrote; cancelled, it is killed."""
    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    output = os.memfd_create("output", os.MFD_CLOEXEC)
    try:
        process = await start((null, output, output))
        try:
            code = await process.wait()
        except BaseException:
            await process.kill()
            raise
        return code, os.pread(output, MOST_COLLECTED, 0).decode(errors="replace")
    except WorldError as error:
        return 127, str(error)
    finally:
        os.close(null)
        os.close(output)
