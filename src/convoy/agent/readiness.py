"""The pod's readiness, asked at the pod's address: 200 when it can serve, else 503 with the reason.

The kubelet asks `/healthz/ready` before it starts the application (sidecar) or sends traffic (gateway), and
`/healthz/serving` before it sends traffic to an application that has no readiness probe of its own.
"""

from collections.abc import Awaitable, Callable, Mapping

from convoy.agent.http_server import Answer, Asked, serve_http
from convoy.agent.settings import READINESS_PORT

PATH = "/healthz/ready"

WhyNot = Callable[[], Awaitable[str]]
"""The reason for not being ready, empty when ready."""


async def serve_readiness(address: str, reasons: Mapping[str, WhyNot]) -> None:
    """Listen until cancelled; `reasons` by path."""

    async def answering(asked: Asked) -> Answer:
        return await answer_readiness(asked, reasons)

    await serve_http(address, READINESS_PORT, answering)


async def answer_readiness(asked: Asked, reasons: Mapping[str, WhyNot]) -> Answer:
    """What one request is answered."""
    why_not = reasons.get(asked.path)
    if why_not is None:
        return Answer(404, f"Only {' and '.join(reasons)} are served here.")
    reason = await why_not()
    return Answer(503, reason) if reason else Answer(200, "ready")
