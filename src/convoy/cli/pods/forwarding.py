"""Ask an HTTP port of a pod's loopback, as `kubectl port-forward` reaches it."""

import http.client
import io
import socket
from typing import cast

from aiohttp import WSMsgType

from convoy.cli.pods.streams import PodPlace, open_channels
from convoy.config.errors import Attempt, KubeError
from convoy.config.kube.targets import KubeTarget

_DATA, _ERROR = 0, 1
_PORT_BYTES = 2  # each channel begins with the port that it is for


async def get_from_pod(target: KubeTarget, pod: PodPlace, port: int, path: str) -> tuple[int, bytes]:
    """GET a path; gives status and body. KubeError when nobody answers there."""
    received: dict[int, bytearray] = {_DATA: bytearray(), _ERROR: bytearray()}
    asked = f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
    async with open_channels(target, pod, "portforward", query=[("ports", str(port))]) as channels:
        await channels.send_bytes(bytes([_DATA]) + asked.encode())
        async for message in channels:
            if message.type is WSMsgType.BINARY and message.data and message.data[0] in received:
                received[message.data[0]] += message.data[1:]
            if len(received[_ERROR]) > _PORT_BYTES:
                break
    attempt = Attempt("create", "pods/portforward", target.cluster, pod.namespace, pod.name)
    if failure := bytes(received[_ERROR][_PORT_BYTES:]):
        raise KubeError(attempt, message=f"port {port}: {failure.decode(errors='replace')}")
    return _parse(attempt, bytes(received[_DATA][_PORT_BYTES:]))


def _parse(attempt: Attempt, data: bytes) -> tuple[int, bytes]:
    answer = http.client.HTTPResponse(cast(socket.socket, _Received(data)), method="GET")
    try:
        answer.begin()
        return answer.status, answer.read()
    except (http.client.HTTPException, ConnectionError) as error:
        raise KubeError(attempt, message=f"the answer is no HTTP: {error}") from error


class _Received:
    """Bytes that came already, where http.client wants a socket: it only makes a file of it."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)
