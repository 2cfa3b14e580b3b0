"""The network outside of the clusters: its namespace, names and servers.

Each name has an address of its own, and each address answers alike: HTTP on port 80, HTTPS on 443, HTTPS that
demands a client certificate on 8443, and an echo of whatever comes on 9000.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from aiohttp import web

from convoy.cluster.errors import ManifestError
from convoy.cluster.linux.netns import inside
from convoy.cluster.network.links import OUTSIDE_CIDR, LinkWorker, make_outside
from convoy.cluster.network.outside.certificates import CA_FILE, OutsideAuthority, load_authority
from convoy.cluster.network.outside.seeing import Seer
from convoy.cluster.tokens import write_secret_file
from convoy.cluster.types import OutsideInfo, OutsideSpec
from convoy.kit.tls import load_key_pair

OWN_NAMES = ("www.outside.test", "api.outside.test", "httpbin.outside.test", "*.wild.outside.test")
HTTP, HTTPS, MUTUAL, ECHO = 80, 443, 8443, 9000
_RANGE = IPv4Network(OUTSIDE_CIDR)
DNS_ADDRESS = str(_RANGE[53])
_FIRST = 100  # addresses of names; those below are for what is there once
_CHUNK = 1 << 16
CLIENT_FILES = ("client.pem", "client.key")


@dataclass(slots=True)
class _Served:
    contexts: list[ssl.SSLContext]
    servers: list[asyncio.Server]


class Outside:
    """Owned by the world; opened when somebody wants it first."""

    def __init__(self, folder: Path, worker: LinkWorker, wan_cidr: str) -> None:
        self.netns = -1
        self.addresses: dict[str, str] = {}
        self._folder = folder
        self._worker = worker
        self._wan_cidr = wan_cidr
        self._authority: OutsideAuthority | None = None
        self._served = _Served([], [])
        self._seer = Seer()

    @property
    def is_open(self) -> bool:
        """Whether there is an outside."""
        return self.netns >= 0

    async def open(self, spec: OutsideSpec) -> OutsideInfo:
        """Make it, or add names to it; raises ManifestError for a name that no server can have."""
        names = [name.rstrip(".").lower() for name in spec.names]
        for name in names:
            _check_name(name)
        if self._authority is None:
            self._authority = load_authority(self._folder)
            self._keep_client(self._authority)
        self._add_names((*OWN_NAMES, *names))
        pair = self._authority.issue_server(self.addresses)
        if not self.is_open:
            self._served.contexts = [self._context(), self._context(demands=self._authority)]
            self.netns = await self._worker.run(make_outside, self._wan_cidr)
            await self._serve()
        for context in self._served.contexts:
            load_key_pair(context, pair.key, pair.certificate)
        return OutsideInfo(dict(self.addresses), DNS_ADDRESS, str(self._folder / CA_FILE))

    def _keep_client(self, authority: OutsideAuthority) -> None:
        pair = authority.issue_client("client.outside.test")
        for name, content in zip(CLIENT_FILES, (pair.certificate, pair.key), strict=True):
            write_secret_file(self._folder / name, content)

    def _add_names(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self.addresses:
                number = _FIRST + len(self.addresses)
                if number >= _RANGE.num_addresses - 1:
                    raise ManifestError("the outside network has no address left for another name.")
                self.addresses[name] = str(_RANGE[number])

    def _context(self, *, demands: OutsideAuthority | None = None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sni_callback = self._seer.note_name
        if demands is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=demands.certificate.decode())
        return context

    async def _serve(self) -> None:
        plain, (secure, mutual) = web.Server(self._seer.answer), self._served.contexts
        loop = asyncio.get_running_loop()
        for port, tls in ((HTTP, None), (HTTPS, secure), (MUTUAL, mutual)):
            self._served.servers.append(await loop.create_server(plain, sock=self._listen(port), ssl=tls))
        self._served.servers.append(await asyncio.start_server(_echo, sock=self._listen(ECHO)))

    def _listen(self, port: int) -> socket.socket:
        with inside(self.netns):
            return socket.create_server(("0.0.0.0", port), backlog=1024)


def _check_name(name: str) -> None:
    labels = name.removeprefix("*.").split(".")
    if len(labels) < 2 or not all(_is_label(label) for label in labels):
        raise ManifestError(f'"{name}" is not a full DNS name.')


def _is_label(label: str) -> bool:
    return 0 < len(label) < 64 and label.isascii() and label.replace("-", "").replace("_", "").isalnum()


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        return
    finally:
        writer.close()
