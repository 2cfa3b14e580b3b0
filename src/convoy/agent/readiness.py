"""`GET /healthz/ready` on the pod's address: 200 when the proxy can serve, else 503 with the reason.

The kubelet asks here before it starts the application (sidecar) or sends traffic (gateway).
"""

import asyncio
from collections.abc import Awaitable, Callable

from convoy.agent.settings import READINESS_PORT

_REQUEST_SECONDS = 5.0
PATH = "/healthz/ready"


async def serve_readiness(address: str, why_not: Callable[[], Awaitable[str]]) -> None:
    """Listen until cancelled; `why_not` gives the reason for not being ready, empty when ready."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(await build_reply(head, why_not))
                await writer.drain()
        except (OSError, EOFError, asyncio.LimitOverrunError):
            pass  # The asker went away, or does not speak HTTP.
        finally:
            writer.close()

    async with await asyncio.start_server(answer, address, READINESS_PORT) as server:
        await server.serve_forever()


async def build_reply(head: bytes, why_not: Callable[[], Awaitable[str]]) -> bytes:
    """The bytes to send for a request's head."""
    words = head.split(b"\r\n", 1)[0].split()
    target = words[1].split(b"?")[0].decode("latin-1") if len(words) == 3 else ""
    if target != PATH or words[0] not in (b"GET", b"HEAD"):
        return _reply("404 Not Found", f"Only {PATH} is served here.")
    reason = await why_not()
    return _reply("503 Service Unavailable", reason) if reason else _reply("200 OK", "ready")


def _reply(status: str, text: str) -> bytes:
    body = f"{text}\n".encode()
    fields = f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close"
    return f"HTTP/1.1 {status}\r\n{fields}\r\n\r\n".encode() + body
