"""A network namespace of its own, in which one Python program serves, dials and starts Envoys for a test.

Nothing in it reaches, or is seen from, the machine. Addresses of "pods" are on loopback there, and
nftables captures connections to them as a pod's own rules would: what goes to 240.0.0.0/4 enters a
client's Envoy on 15001, what goes to 198.18.1.0/24 a server's on 15006. The Envoy's own connections to
virtual addresses carry the mark 1337 and pass. One namespace thus holds a whole path: application,
client, gateway, server, application.

The program (`loopback_net_inside.py`) is the first process of a pid namespace: when it ends, so does
everything that it started.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson

MARK = 1337
POD = "198.18.1.1"
OTHER_POD = "198.18.1.2"
GATEWAY = "198.18.2.1"
VIP = "240.0.0.3"
UNKNOWN_VIP = "240.0.0.99"

_CAPTURE = f"""
table ip captured {{
    chain output {{
        type nat hook output priority -100; policy accept;
        ip saddr 127.0.0.6 return
        ip daddr 198.18.1.0/24 meta l4proto tcp redirect to :15006
        meta mark {MARK} return
        ip daddr 240.0.0.0/4 meta l4proto tcp redirect to :15001
    }}
}}
"""
_SET_UP = (
    ["ip", "link", "set", "lo", "up"],
    *(["ip", "address", "add", f"{a}/32", "dev", "lo"] for a in (POD, OTHER_POD, GATEWAY, UNKNOWN_VIP)),
    ["ip", "route", "add", "default", "dev", "lo"],
)
_UNSHARE = (
    "unshare",
    "--user",
    "--map-root-user",
    "--net",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
)


class LoopbackNet:
    """Calls into the namespace. Every method is one request to the program inside."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._turn = asyncio.Lock()

    async def call(self, method: str, **arguments: Any) -> Any:
        """Run one function of the program inside; AssertionError with its words when it failed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async with self._turn:
            self._process.stdin.write(orjson.dumps({"method": method, **arguments}) + b"\n")
            await self._process.stdin.drain()
            line = await self._process.stdout.readline()
        answer = orjson.loads(line or b'{"failed": "the program inside ended"}')
        assert "failed" not in answer, answer["failed"]
        return answer["result"]

    async def get(self, address: str, port: int, **arguments: Any) -> dict[str, Any]:
        """One HTTP request: `status`, `headers` and the decoded `body`; or `error`."""
        result: dict[str, Any] = await self.call("get", address=address, port=port, **arguments)
        return result

    async def exchange(self, address: str, port: int, text: str, **arguments: Any) -> dict[str, Any]:
        """Send bytes, read what comes: `received`, or `error`. With `tls`: {sni, alpn, key, chain}."""
        result: dict[str, Any] = await self.call(
            "exchange", address=address, port=port, text=text, **arguments
        )
        return result

    async def start_envoy(self, bootstrap: dict[str, Any], folder: Path) -> None:
        """Start an Envoy that listens for its admin on a port of its own."""
        await self.call("start_envoy", bootstrap=bootstrap, folder=str(folder))


@contextlib.asynccontextmanager
async def loopback_net() -> AsyncIterator[LoopbackNet]:
    """Make the namespace, and end everything in it afterwards."""
    program = Path(__file__).with_name("loopback_net_inside.py")
    process = await asyncio.create_subprocess_exec(
        *_UNSHARE, sys.executable, program, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )  # fmt: skip
    net = LoopbackNet(process)
    try:
        for command in _SET_UP:
            await net.call("run", argv=command)
        await net.call("run", argv=["nft", "-f", "-"], stdin=_CAPTURE)
        yield net
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()
