"""Envoy's admin interface, as far as the agent uses it."""

import asyncio

from convoy.agent.http import Reply, exchange
from convoy.agent.settings import ADMIN_PORT

_SECONDS = 2.0


async def ask_admin(target: str, *, method: str = "GET") -> Reply | None:
    """Envoy's reply; None when it does not answer."""
    try:
        async with asyncio.timeout(_SECONDS):
            streams = await asyncio.open_connection("127.0.0.1", ADMIN_PORT)
            return await exchange(streams, target, host="localhost", method=method)
    except (OSError, EOFError):
        return None


async def is_live() -> bool:
    """Whether Envoy has its first configuration and serves."""
    reply = await ask_admin("/ready")
    return reply is not None and reply.status == 200
