"""The connections of a client: TLS, credentials, and what is tried again.

A request that was certainly not served is sent again: one that was refused for its credentials once, with new
ones, one that came too fast (429) when the API server says. Everything else is for the caller to decide.
"""

import os
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
import msgspec
from multidict import CIMultiDict
from yarl import URL

from convoy.config.errors import Attempt, KubeconfigError, KubeError
from convoy.config.kube.targets import Credentials, KubeTarget
from convoy.kit.clock import Clock
from convoy.kit.tls import load_key_pair

_CONNECT_SECONDS = 10.0
_REQUEST_SECONDS = 30.0
_IDLE_SECONDS = 60.0  # how long a connection is kept for the next request
_MOST_CONNECTIONS = 100
_ATTEMPTS_TOO_FAST = 4
_LONGEST_WAIT = 10.0
# Of a peer that vanished without a word (a node that lost its power) a watch would else never hear.
_KEEPALIVE = {socket.TCP_KEEPIDLE: 15, socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3}
_UNSENT_SECONDS = 30


class Request(msgspec.Struct, frozen=True):
    """One request. `accept` is empty for JSON; `timeout` in seconds is for the whole answer."""

    method: str
    path: str
    query: Mapping[str, str] = {}
    body: bytes = b""
    media_type: str = "application/json"
    accept: str = ""
    timeout: float = _REQUEST_SECONDS


class Connections:
    """Opens requests to one cluster."""

    def __init__(self, target: KubeTarget, *, agent: str, clock: Clock) -> None:
        self._target = target
        self._agent = agent
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._tls: tuple[Credentials, ssl.SSLContext] | None = None

    async def close(self) -> None:
        """End all connections; a later request opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def open(self, attempt: Attempt, request: Request) -> aiohttp.ClientResponse:
        """The begun answer to a request, whatever its status; KubeError when there is none."""
        is_refreshed = False
        too_fast = 0
        while True:
            async with translating(attempt):
                response = await self._send(request)
            if response.status == 401 and not is_refreshed:
                is_refreshed = True
                self._target.credentials.refuse()
            elif response.status == 429 and (too_fast := too_fast + 1) < _ATTEMPTS_TOO_FAST:
                await self._clock.sleep(_seconds_to_wait(response))
            else:
                return response
            response.close()

    async def _send(self, request: Request) -> aiohttp.ClientResponse:
        target = self._target
        headers = CIMultiDict([("Accept", request.accept or "application/json"), *target.headers])
        tls: ssl.SSLContext | bool = True
        # As kubectl has it: what proves who one is does not travel in the open.
        if target.server.startswith("https:"):
            credentials = await target.credentials.current()
            tls = self._tls_context(credentials)
            if credentials.token is not None:
                headers["Authorization"] = f"Bearer {credentials.token.reveal().decode()}"
        if request.body:
            headers["Content-Type"] = request.media_type
        url = URL(target.server + request.path, encoded=True).with_query(request.query or None)
        return await self._opened_session().request(
            request.method,
            url,
            headers=headers,
            data=request.body or None,
            ssl=tls,
            server_hostname=target.server_name or None,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=request.timeout, connect=_CONNECT_SECONDS),
        )

    def _opened_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=_MOST_CONNECTIONS, keepalive_timeout=_IDLE_SECONDS, socket_factory=_connecting_socket
            )
            self._session = aiohttp.ClientSession(
                connector=connector, headers={"User-Agent": self._agent}, trust_env=False
            )
        return self._session

    def _tls_context(self, credentials: Credentials) -> ssl.SSLContext:
        """One context for as long as the client certificate stays: connections are kept by context."""
        if self._tls is not None and _same_certificate(self._tls[0], credentials):
            return self._tls[1]
        context = client_context(self._target, credentials)
        self._tls = (credentials, context)
        return context


def client_context(target: KubeTarget, credentials: Credentials) -> ssl.SSLContext:
    """TLS towards a cluster; KubeconfigError for certificates or keys that are none."""
    try:
        context = ssl.create_default_context(cadata=target.authority.decode() if target.authority else None)
    except (ssl.SSLError, ValueError) as error:
        raise KubeconfigError(f"the certificate authority of cluster {target.cluster} is no PEM.") from error
    # Many clusters' own authorities lack extensions that the strict reading of RFC 5280 asks for.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not target.is_verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if credentials.certificate and credentials.key is not None:
        try:
            load_key_pair(context, credentials.key.reveal(), credentials.certificate)
        except ssl.SSLError as error:
            raise KubeconfigError(
                f"the client certificate for cluster {target.cluster} and its key are no pair in PEM."
            ) from error
    return context


@asynccontextmanager
async def translating(attempt: Attempt) -> AsyncIterator[None]:
    """What goes wrong on the way to a cluster, as KubeError."""
    try:
        yield
    except TimeoutError as error:
        raise KubeError(attempt, message="no answer in time") from error
    except KubeconfigError as error:
        raise KubeError(attempt, message=str(error)) from error
    except (aiohttp.ClientError, OSError) as error:
        raise KubeError(attempt, message=_trouble(error)) from error
    except ValueError as error:
        raise KubeError(attempt, message="the answer is not what a Kubernetes API gives") from error


def _trouble(error: aiohttp.ClientError | OSError) -> str:
    """What happened on the wire, in words for people."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"the certificate of {error.host}:{error.port} is not accepted: {error.certificate_error}"
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = os.strerror(error.os_error.errno) if error.os_error.errno else str(error.os_error)
        return f"{error.host}:{error.port} cannot be reached: {reason}"
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ClientConnectionError | ConnectionError):
        return "the connection broke"
    return str(error) or type(error).__name__


def _same_certificate(one: Credentials, other: Credentials) -> bool:
    return one.certificate == other.certificate and one.key == other.key


def _seconds_to_wait(response: aiohttp.ClientResponse) -> float:
    said = response.headers.get("Retry-After", "")
    return min(float(said), _LONGEST_WAIT) if said.isdigit() else 1.0


def _connecting_socket(info: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, _, _ = info
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEPALIVE.items():
        made.setsockopt(socket.IPPROTO_TCP, option, value)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNSENT_SECONDS * 1000)
    return made
