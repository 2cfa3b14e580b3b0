"""Run a command in a container, as `kubectl exec` does."""

import msgspec
import orjson
from aiohttp import WSMsgType

from convoy.cli.pods.streams import PodPlace, open_channels
from convoy.config.errors import Attempt, KubeError
from convoy.config.kube.targets import KubeTarget

_STDIN, _STDOUT, _STDERR, _STATUS = 0, 1, 2, 3


class Ran(msgspec.Struct, frozen=True):
    """How a command ended, and what it wrote."""

    code: int
    stdout: bytes
    stderr: bytes


class _Cause(msgspec.Struct, frozen=True):
    reason: str = ""
    message: str = ""


class _Details(msgspec.Struct, frozen=True):
    causes: tuple[_Cause, ...] = ()


class _Status(msgspec.Struct, frozen=True):
    status: str
    message: str = ""
    details: _Details = _Details()


async def run_in_pod(
    target: KubeTarget, pod: PodPlace, argv: list[str], *, container: str, stdin: bytes = b""
) -> Ran:
    """Run a command to its end. `stdin` is what it may read, it cannot be told where that ends.

    KubeError when it could not be started, or when nobody says how it ended.
    """
    wanted = [("container", container), ("stdout", "1"), ("stderr", "1"), *(("command", a) for a in argv)]
    if stdin:
        wanted.append(("stdin", "1"))
    written = {_STDOUT: bytearray(), _STDERR: bytearray(), _STATUS: bytearray()}
    async with open_channels(target, pod, "exec", query=wanted) as channels:
        if stdin:
            await channels.send_bytes(bytes([_STDIN]) + stdin)
        async for message in channels:
            if message.type is WSMsgType.BINARY and message.data and message.data[0] in written:
                written[message.data[0]] += message.data[1:]
    attempt = Attempt("create", "pods/exec", target.cluster, pod.namespace, pod.name)
    return Ran(_exit_code(attempt, bytes(written[_STATUS])), bytes(written[_STDOUT]), bytes(written[_STDERR]))


def _exit_code(attempt: Attempt, told: bytes) -> int:
    try:
        status = msgspec.convert(orjson.loads(told), _Status)
    except (orjson.JSONDecodeError, msgspec.ValidationError) as error:
        raise KubeError(attempt, message="the connection broke before the command ended") from error
    if status.status == "Success":
        return 0
    for cause in status.details.causes:
        if cause.reason == "ExitCode":
            return int(cause.message)
    raise KubeError(attempt, message=status.message)
