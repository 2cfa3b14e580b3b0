"""Asks a pod's applications how they are, from inside the pod and past its own capture.

At the pod's address first, as a kubelet would, and where nobody listens there, at 127.0.0.1. The connection
looks like one of Envoy's to the application (its mark, its source address): whatever its port is, no rule
leads it elsewhere.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from functools import cache
from urllib.parse import urljoin, urlsplit

import msgspec

from convoy.agent.app_probes import AppProbe, GrpcProbe, HttpProbe
from convoy.agent.capture import ENVOY_SOURCE
from convoy.dns.sockets import open_socket
from convoy.kit.grpc_health import check_health

_MOST_REDIRECTS = 10
_REDIRECTS = (301, 302, 303, 307, 308)


class AskError(Exception):
    """The application did not answer, or answered that it is not well; the text says how."""


class Answered(msgspec.Struct, frozen=True):
    """The head of an HTTP answer, as far as it matters."""

    status: int
    location: str = ""


class Application:
    """The containers of one pod, by its address; or a server elsewhere, which sees an ordinary client."""

    def __init__(self, address: str, *, mark: int | None, is_elsewhere: bool = False) -> None:
        self._address = address
        self._mark = mark
        self._is_elsewhere = is_elsewhere

    async def ask(self, probe: AppProbe, headers: Mapping[str, str]) -> int:
        """The HTTP status that stands for the probe's answer; AskError when there is none in time.

        `headers` are those of whoever asks; the probe's own win.
        """
        try:
            async with asyncio.timeout(probe.timeout_seconds):
                return await self._ask(probe, headers)
        except TimeoutError as error:
            raise AskError(f"no answer within {probe.timeout_seconds:g} s") from error
        except (OSError, EOFError, asyncio.LimitOverrunError) as error:
            raise AskError(str(error) or type(error).__name__) from error

    async def _ask(self, probe: AppProbe, headers: Mapping[str, str]) -> int:
        if probe.http_get is not None:
            return await self._get(probe.http_get, headers)
        if probe.grpc is not None:
            return await self._check(probe.grpc)
        if probe.tcp_socket is not None:
            (await self._connect(probe.tcp_socket.port)).close()
            return 200
        raise AskError("the probe asks nothing")

    async def _check(self, probe: GrpcProbe) -> int:
        authority = host_and_port(self._address, probe.port)
        status = await check_health(await self._connect(probe.port), probe.service or "", authority=authority)
        if status != "SERVING":
            raise AskError(f"the service is unhealthy ({status or 'an error'})")
        return 200

    async def _get(self, probe: HttpProbe, headers: Mapping[str, str]) -> int:
        """A kubelet follows redirects within the pod, and takes one to elsewhere for a success."""
        path = probe.path
        for _ in range(_MOST_REDIRECTS):
            answered = await self._get_once(probe, path, headers)
            if answered.status not in _REDIRECTS or not answered.location:
                return answered.status
            host = host_and_port(self._address, probe.port)
            url = urlsplit(urljoin(f"{probe.scheme.lower()}://{host}{path}", answered.location))
            if url.netloc != host:
                return 200
            path = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
        raise AskError(f"stopped after {_MOST_REDIRECTS} redirects")

    async def _get_once(self, probe: HttpProbe, path: str, headers: Mapping[str, str]) -> Answered:
        host = host_and_port(self._address, probe.port)
        request = build_request(probe, path, host=host, headers=headers)
        tls = _unverified() if probe.scheme.upper() == "HTTPS" else None
        sock = await self._connect(probe.port)
        reader, writer = await asyncio.open_connection(
            sock=sock, ssl=tls, server_hostname="" if tls else None
        )
        try:
            writer.write(request)
            while True:
                answered = parse_answer(await reader.readuntil(b"\r\n\r\n"))
                if answered.status >= 200:
                    return answered
        finally:
            writer.close()

    async def _connect(self, port: int) -> socket.socket:
        try:
            return await self._connect_to(self._address, port)
        except ConnectionRefusedError:
            if self._is_elsewhere:
                raise
            return await self._connect_to("::1" if ":" in self._address else "127.0.0.1", port)

    async def _connect_to(self, address: str, port: int) -> socket.socket:
        is_v4 = ":" not in address
        opened = open_socket(socket.SOCK_STREAM, address, mark=self._mark if is_v4 else None)
        try:
            if is_v4 and self._mark is not None and not self._is_elsewhere:
                opened.bind((ENVOY_SOURCE, 0))
            await asyncio.get_running_loop().sock_connect(opened, (address, port))
        except BaseException:
            opened.close()
            raise
        return opened


def build_request(probe: HttpProbe, path: str, *, host: str, headers: Mapping[str, str]) -> bytes:
    """The request of a probe. Of the asker's headers those that say who asks go with it."""
    lines = {"host": host, "user-agent": headers.get("user-agent", "kube-probe"), "accept": "*/*"}
    # An application may be asked for one header in several lines.
    own = [(header.name, header.value) for header in probe.http_headers]
    named = {name.lower() for name, _ in own} | {"connection"}
    fields = [*((name, value) for name, value in lines.items() if name not in named), *own]
    text = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"GET {path} HTTP/1.1\r\n{text}Connection: close\r\n\r\n".encode()


def parse_answer(head: bytes) -> Answered:
    """The status line and the location of an answer; AskError when it is not HTTP."""
    status_line, *lines = head.decode("latin-1").split("\r\n")
    words = status_line.split()
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        raise AskError("the answer is not HTTP")
    fields = (line.partition(":") for line in lines)
    locations = [value.strip() for name, _, value in fields if name.strip().lower() == "location"]
    return Answered(int(words[1]), locations[0] if locations else "")


def host_and_port(address: str, port: int) -> str:
    """As in a URL."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


@cache
def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # as kubelets do: a probe proves life, not identity
    return context
