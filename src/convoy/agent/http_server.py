"""A small HTTP server for the kubelet's questions: GET and HEAD, one request per connection."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

import msgspec

_REQUEST_SECONDS = 5.0


class Asked(msgspec.Struct, frozen=True):
    """One request; the path is without its query, the headers' names are in lower case."""

    path: str
    headers: Mapping[str, str] = {}


class Answer(msgspec.Struct, frozen=True):
    """A status, and a line for people."""

    status: int
    text: str


Answering = Callable[[Asked], Awaitable[Answer]]


async def serve_http(address: str, port: int, answering: Answering) -> None:
    """Listen until cancelled. How long an answer takes is for `answering` to bound."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            asked = parse_head(head)
            answer = await answering(asked) if asked else Answer(404, "Only GET is served here.")
            writer.write(build_reply(answer))
            await writer.drain()
        except (OSError, EOFError, asyncio.LimitOverrunError):
            pass  # The asker went away, or does not speak HTTP.
        finally:
            writer.close()

    async with await asyncio.start_server(serve, address, port) as server:
        await server.serve_forever()


def parse_head(head: bytes) -> Asked | None:
    """The request in a head; None when it is not one to be answered."""
    request, *lines = head.decode("latin-1").split("\r\n")
    words = request.split()
    if len(words) != 3 or words[0] not in ("GET", "HEAD"):
        return None
    fields = (line.partition(":") for line in lines if ":" in line)
    return Asked(words[1].split("?")[0], {name.strip().lower(): value.strip() for name, _, value in fields})


def build_reply(answer: Answer) -> bytes:
    """The bytes of an answer."""
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = ""
    body = f"{answer.text}\n".encode()
    fields = f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close"
    return f"HTTP/1.1 {answer.status} {phrase}\r\n{fields}\r\n\r\n".encode() + body
