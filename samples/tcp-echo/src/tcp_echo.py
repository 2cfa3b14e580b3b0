"""tcp-echo: answers every line with a prefix and the line, on one port or several.

Arguments: ports with commas between them, and the prefix, as `9000,9001 hello`. It stands for the image
`istio/tcp-echo-server`.
"""

import asyncio
import contextlib
import os
import signal
import sys


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, prefix: bytes) -> None:
    """Serve one connection until the client closes it."""
    with contextlib.suppress(ConnectionError, asyncio.LimitOverrunError, ValueError):
        while line := await reader.readline():
            writer.write(prefix + b" " + line)
            await writer.drain()
    writer.close()


async def serve(ports: list[int], prefix: str, address: str) -> None:
    """Listen on all ports until SIGTERM or SIGINT."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await echo(reader, writer, prefix=prefix.encode())

    async with contextlib.AsyncExitStack() as servers:
        for port in ports:
            server = await asyncio.start_server(handle, address, port)
            await servers.enter_async_context(server)
            print("listening on", server.sockets[0].getsockname()[1], flush=True)
        await ended.wait()


if __name__ == "__main__":
    numbers = [int(text) for text in (sys.argv[1] if len(sys.argv) > 1 else "9000").split(",")]
    word = sys.argv[2] if len(sys.argv) > 2 else "hello"
    asyncio.run(serve(numbers, word, os.environ.get("LISTEN_ADDRESS", "0.0.0.0")))
