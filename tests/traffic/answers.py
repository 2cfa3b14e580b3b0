"""What an HTTP request of the lab's brings back, and how it is made on a connected socket."""

import http.client
import json
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from cryptography import x509

from convoy.kit.tls import load_key_pair, unverified_client_context

SECONDS = 15.0


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What arrived at the application; header names in lower case, several values joined with a comma."""

    method: str = ""
    path: str = ""
    """As it arrived, with the query."""
    host: str = ""
    headers: Mapping[str, str] = {}
    port: int = 0
    version: str = ""
    length: int = 0
    sha256: str = ""
    peer: str = ""
    connection: int = 0
    """The number of the connection among those of this pod: equal for requests that shared one."""
    sni: str = ""
    client: tuple[str, ...] = ()
    """The names in the client's certificate."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer; status 0 means that none came, and `body` says why."""

    status: int
    headers: Mapping[str, str] = {}
    """By name in lower case; several values joined with a comma."""
    body: bytes = b""
    seconds: float = 0.0
    server: tuple[str, ...] = ()
    """The names in the server's certificate, over TLS."""

    @property
    def pod(self) -> str:
        """The pod that answered; empty when none did."""
        return str(self.told.get("pod", ""))

    @property
    def seen(self) -> Seen:
        """What the application saw; empty when it did not answer."""
        told = self.told
        if "pod" not in told:
            return Seen()
        headers = joined(told.pop("headers"))
        return msgspec.convert({**told, "headers": headers, "host": headers.get("host", "")}, Seen)

    @property
    def told(self) -> dict[str, Any]:
        """The answer's JSON object, as it came; empty when there is none."""
        if not self.headers.get("content-type", "").startswith("application/json"):
            return {}
        told = json.loads(self.body)
        return told if isinstance(told, dict) else {}


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """How to speak TLS: `sni` (empty: the host of the URL), `ca` PEM (None: whatever the server shows)."""

    sni: str = ""
    ca: bytes | None = None
    client: tuple[bytes, bytes] | None = None
    """Key and chain, PEM."""
    alpn: tuple[str, ...] = ()
    least: ssl.TLSVersion | None = None
    most: ssl.TLSVersion | None = None
    ciphers: str = ""
    curve: str = ""

    def context(self) -> ssl.SSLContext:
        """The client's context."""
        context = unverified_client_context()
        if self.ca is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(cadata=self.ca.decode())
        if self.client is not None:
            load_key_pair(context, *self.client)
        if self.alpn:
            context.set_alpn_protocols(list(self.alpn))
        if self.least is not None:
            context.minimum_version = self.least
        if self.most is not None:
            context.maximum_version = self.most
        if self.ciphers:
            context.set_ciphers(self.ciphers)
        if self.curve:
            context.set_ecdh_curve(self.curve)
        return context

    def wrap(self, sock: socket.socket, host: str) -> ssl.SSLSocket:
        """TLS on a connected socket; ssl.SSLError or OSError."""
        return self.context().wrap_socket(sock, server_hostname=self.sni or host)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request, ready to be sent."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = {}
    body: bytes = b""
    tls: Tls = Tls()


def ask(sock: socket.socket, asked: Asked) -> Answer:
    """Make a request on a connected socket, which is closed afterwards; never raises for what goes wrong."""
    start = time.monotonic()
    sock.settimeout(SECONDS)
    url, names = urlsplit(asked.url), ()
    try:
        with sock:
            if url.scheme == "https":
                sock = asked.tls.wrap(sock, url.hostname or "")
                names = _names(sock)
            with sock:
                return _exchange(sock, asked, start, names)
    except (OSError, http.client.HTTPException) as error:
        return failed(error, start)


def _exchange(sock: socket.socket, asked: Asked, start: float, names: tuple[str, ...]) -> Answer:
    url = urlsplit(asked.url)
    connection = http.client.HTTPConnection("pod", timeout=SECONDS)
    connection.auto_open = 0
    connection.sock = sock
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    connection.request(
        asked.method, path, body=asked.body or None, headers={"Host": url.netloc, **asked.headers}
    )
    answer = connection.getresponse()
    body = answer.read()
    return Answer(
        status=answer.status,
        headers=joined([list(each) for each in answer.getheaders()]),
        body=body,
        seconds=time.monotonic() - start,
        server=names,
    )


def failed(error: Exception, start: float) -> Answer:
    """The answer when there is none."""
    text = f"{type(error).__name__}: {error}".encode()
    return Answer(status=0, body=text, seconds=time.monotonic() - start)


def joined(headers: list[list[str]]) -> dict[str, str]:
    """Headers by name in lower case, several values joined with a comma."""
    found: dict[str, str] = {}
    for name, value in headers:
        known = found.get(name.lower())
        found[name.lower()] = value if known is None else f"{known},{value}"
    return found


def _names(sock: ssl.SSLSocket) -> tuple[str, ...]:
    shown = sock.getpeercert(binary_form=True)
    if shown is None:
        return ()
    extensions = x509.load_der_x509_certificate(shown).extensions
    try:
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(each.value) for each in names)
