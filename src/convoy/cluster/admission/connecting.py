"""HTTP connections to webhooks that are Services: made by whoever knows the cluster's network."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.client_proto import ResponseHandler

if TYPE_CHECKING:
    from aiohttp.client import ClientTimeout
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.tracing import Trace

Connect = Callable[[str, str, int], Awaitable[socket.socket]]
"""A connected, non-blocking socket to (namespace, service, port); raises OSError, UnknownNameError."""

_KEPT_SECONDS = 10.0  # shorter than what servers commonly keep, so that few close under a request


class ServiceConnector(aiohttp.BaseConnector):
    """Hosts are `SERVICE.NAMESPACE.svc`; connections are kept a while for the next request."""

    def __init__(self, connect: Connect) -> None:
        super().__init__(keepalive_timeout=_KEPT_SECONDS, limit=0)
        self._connect_service = connect

    async def _create_connection(
        self, req: "ClientRequest", traces: list["Trace"], timeout: "ClientTimeout"
    ) -> ResponseHandler:
        host = req.url.host or ""
        name, namespace, _ = host.split(".")
        sock = await self._connect_service(namespace, name, req.url.port or 443)
        loop = asyncio.get_running_loop()
        context = req.ssl if isinstance(req.ssl, ssl.SSLContext) else None
        try:
            _, protocol = await loop.create_connection(
                self._factory, sock=sock, ssl=context, server_hostname=host
            )
        except BaseException:
            sock.close()
            raise
        return protocol


def url_connector() -> aiohttp.TCPConnector:
    """The connector for webhooks that are given by a URL."""
    return aiohttp.TCPConnector(keepalive_timeout=_KEPT_SECONDS, limit=0)
