"""tcp-echo answers every line, on every port, and ends when told."""

import asyncio
import os
import sys

import tcp_echo


async def test_every_line_comes_back_with_the_prefix():
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        tcp_echo.__file__,
        "0,0",
        "hello",
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "LISTEN_ADDRESS": "127.0.0.1"},
    )
    ports = [int((await process.stdout.readline()).split()[-1]) for _ in range(2)]
    for port in ports:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"world\nagain\n")
        assert await reader.readline() == b"hello world\n"
        assert await reader.readline() == b"hello again\n"
        writer.close()
        await writer.wait_closed()
    process.terminate()
    assert await process.wait() == 0
