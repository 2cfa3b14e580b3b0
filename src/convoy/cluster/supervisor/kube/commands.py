"""Run a command in a container of a cluster with an API server, and collect what it writes."""

import asyncio
from collections.abc import Sequence

from convoy.cluster.errors import WaitError, WorldError
from convoy.cluster.machinery.pod_access import PodAccess
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.supervisor.commands import MAX_OUTPUT
from convoy.cluster.types import ExecResult


async def run_in_container(
    access: PodAccess,
    place: tuple[str, str, str],
    argv: Sequence[str],
    *,
    stdin: bytes,
    timeout: float | None,
) -> ExecResult:
    """Run to the end in (namespace, pod, container); raises WaitError (the command is then killed)."""
    try:
        session = await access.exec(*place, tuple(argv), stdin=bool(stdin), tty=False)
    except StatusError as error:
        raise WorldError(error.message) from error
    collected = {1: bytearray(), 2: bytearray()}
    try:
        async with asyncio.timeout(timeout):
            if stdin:
                await session.write_stdin(stdin)
                await session.close_stdin()
            async for stream, data in session.output():
                collected[stream] += data[: MAX_OUTPUT - len(collected[stream])]
            code = await session.wait()
    except TimeoutError as error:
        raise WaitError(f'"{argv[0]}" did not end within {timeout:g} s.') from error
    finally:
        await session.close()
    return ExecResult(code, bytes(collected[1]), bytes(collected[2]))
