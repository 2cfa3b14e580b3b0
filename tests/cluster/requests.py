"""HTTP requests from inside pods, the way an application makes them."""

import asyncio
import json
import sys
from typing import Any

from convoy.cluster.client import World
from convoy.cluster.errors import DialError

_FETCH = """
import sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
for _ in range(int(sys.argv[2])):
    print(opener.open(sys.argv[1], timeout=5).read().decode())
"""


async def fetch(world: World, cluster: str, pod: str, url: str, *, times: int = 1) -> list[dict[str, Any]]:
    """What the web program behind `url` told a client in `pod`, once for each request."""
    argv = [sys.executable, "-c", _FETCH, url, str(times)]
    result = await world.exec(cluster, "default", pod, argv, timeout=30)
    assert result.rc == 0, result.stderr.decode()
    return [json.loads(line) for line in result.stdout.splitlines()]


async def reaches(world: World, cluster: str, pod: str, address: str, port: int) -> bool:
    """Whether a connection from `pod` to an address is accepted."""
    try:
        (await world.dial(cluster, "default", pod, port, host=address)).close()
    except DialError:
        return False
    return True


async def ask(sock: Any, path: str = "/", host: str = "web") -> dict[str, Any]:
    """One HTTP request over a connected socket."""
    reader, writer = await asyncio.open_connection(sock=sock)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    told: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return told
