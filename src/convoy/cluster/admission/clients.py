"""Asking webhooks over HTTPS; the only part of admission that does I/O."""

import errno
import functools
import math
import ssl
from asyncio import timeout

import aiohttp
from yarl import URL

from convoy.cluster.admission.connecting import Connect, ServiceConnector, url_connector
from convoy.cluster.admission.failures import CallError, describe_answer, describe_failure
from convoy.cluster.admission.hooks import Endpoint, Hook
from convoy.cluster.errors import WorldError
from convoy.cluster.store import Key, Store

_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "User-Agent": "kube-apiserver-admission",
}
_LARGEST = 8 << 20  # of an answer
_QUOTED = 200  # of an answer that is an error
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=None)
_CLOSED = (None, errno.ECONNRESET, errno.EPIPE)
_SUCCESS = range(200, 207)


class HookClient:
    """The connections of one cluster to its webhooks."""

    def __init__(self, store: Store, connect: Connect) -> None:
        self._store = store
        self._connect = connect
        self._sessions: dict[bool, aiohttp.ClientSession] = {}  # to Services, and to URLs

    async def post(self, hook: Hook, body: bytes) -> bytes:
        """A webhook's answer to a review, in the time that it has; raises CallError."""
        url = f"{hook.endpoint.url}?timeout={math.ceil(hook.seconds)}s"
        try:
            context = client_context(hook.endpoint.authority)
        except (ssl.SSLError, ValueError) as error:
            raise CallError(
                f"could not get REST client: unable to load root certificates: {error}"
            ) from error
        self._check_service(hook.endpoint, url)
        try:
            async with timeout(hook.seconds):
                return await self._exchange(hook.endpoint, url, body, context)
        except (OSError, aiohttp.ClientError, WorldError, ValueError) as error:
            why = describe_failure(error, self._address(hook.endpoint))
            raise CallError(f'failed to call webhook: Post "{url}": {why}') from error

    async def _exchange(self, endpoint: Endpoint, url: str, body: bytes, context: ssl.SSLContext) -> bytes:
        try:
            return await self._exchange_once(endpoint, url, body, context)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if getattr(error, "errno", None) not in _CLOSED:
                raise
            # A kept connection that the other side closed meanwhile; reviews may be asked again.
            return await self._exchange_once(endpoint, url, body, context)

    async def _exchange_once(
        self, endpoint: Endpoint, url: str, body: bytes, context: ssl.SSLContext
    ) -> bytes:
        session = self._session(is_service=endpoint.service is not None)
        async with session.post(
            URL(url, encoded=True), data=body, headers=_HEADERS, ssl=context, allow_redirects=False
        ) as response:
            answer = await _read(response)
            if response.status not in _SUCCESS:
                text = answer[:_QUOTED].decode("utf-8", "replace").strip()
                raise CallError(f"failed to call webhook: {describe_answer(response.status, text)}")
            return answer

    def _session(self, *, is_service: bool) -> aiohttp.ClientSession:
        session = self._sessions.get(is_service)
        if session is None:
            connector = ServiceConnector(self._connect) if is_service else url_connector()
            session = self._sessions[is_service] = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=_NO_TIMEOUT
            )
        return session

    def _check_service(self, endpoint: Endpoint, url: str) -> None:
        service = endpoint.service
        if service and self._store.get("services", Key(service.namespace, service.name)) is None:
            raise CallError(f'failed to call webhook: Post "{url}": service "{service.name}" not found')

    def _address(self, endpoint: Endpoint) -> str:
        """What was dialled, as far as we know."""
        if endpoint.service is None:
            return URL(endpoint.url).authority
        port = endpoint.service
        stored = self._store.get("services", Key(port.namespace, port.name))
        spec = stored.object.get("spec") or {} if stored is not None else {}
        return f"{spec.get('clusterIP') or port.host}:{port.port}"

    async def close(self) -> None:
        """Let go of every connection."""
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()


async def _read(response: aiohttp.ClientResponse) -> bytes:
    answer = bytearray()
    async for chunk in response.content.iter_any():
        answer += chunk
        if len(answer) > _LARGEST:
            raise ValueError(f"the answer is longer than {_LARGEST} bytes")
    return bytes(answer)


@functools.lru_cache(maxsize=256)
def client_context(authority: bytes | None) -> ssl.SSLContext:
    """A context that trusts one authority, or those of the machine; raises SSLError for a bad one."""
    context = ssl.create_default_context(cadata=authority.decode() if authority is not None else None)
    # Certificates that Go takes: a trusted one need not be a root, and old extensions may be missing.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
