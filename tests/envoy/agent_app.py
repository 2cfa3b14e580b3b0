"""An application in a pod.

On port 8000 it tells each caller the address it came from, on 8001 it speaks HTTP, on 8002 the same to the
pod alone, on 8003 it gives back what it gets.
"""

import asyncio


async def tell_peer(reader, writer):
    writer.write(writer.get_extra_info("peername")[0].encode())
    writer.close()


async def answer_http(reader, writer):
    head = await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n" if b"X-Probe: yes" in head else b"HTTP/1.1 400 Bad\r\n\r\n")
    writer.close()


async def echo(reader, writer):
    while data := await reader.read(100):
        writer.write(data)
    writer.close()


async def main():
    await asyncio.start_server(tell_peer, "0.0.0.0", 8000)
    await asyncio.start_server(answer_http, "0.0.0.0", 8001)
    await asyncio.start_server(answer_http, "127.0.0.1", 8002)
    await asyncio.start_server(echo, "0.0.0.0", 8003)
    print("listening", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
