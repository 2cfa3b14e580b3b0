"""`GET /healthz/ready` on the pod's address: 200 when the proxy can serve, else 503 with the reason.

The kubelet asks here before it starts the application (sidecar) or sends traffic (gateway).
"""

from collections.abc import Awaitable, Callable

from convoy.agent.http_server import Answer, Asked, serve_http
from convoy.agent.settings import READINESS_PORT

PATH = "/healthz/ready"

WhyNot = Callable[[], Awaitable[str]]
"""The reason for not being ready, empty when ready."""


async def serve_readiness(address: str, why_not: WhyNot) -> None:
    """Listen until cancelled."""

    async def answering(asked: Asked) -> Answer:
        return await answer_readiness(asked, why_not)

    await serve_http(address, READINESS_PORT, answering)


async def answer_readiness(asked: Asked, why_not: WhyNot) -> Answer:
    """What one request is answered."""
    if asked.path != PATH:
        return Answer(404, f"Only {PATH} is served here.")
    reason = await why_not()
    return Answer(503, reason) if reason else Answer(200, "ready")
