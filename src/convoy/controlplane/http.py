"""Serve an aiohttp application until cancelled."""

import asyncio

from aiohttp import web

from convoy.controlplane.server_identity import ServerIdentity

_SHUTDOWN_SECONDS = 0.5


async def serve_http(
    app: web.Application, host: str, port: int, identity: ServerIdentity | None = None
) -> None:
    """Listen, over TLS with an identity's certificate if there is one. OSError when the port is taken."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        context = identity.tls_context if identity else None
        await web.TCPSite(runner, host, port, ssl_context=context).start()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
