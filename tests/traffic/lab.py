"""The lab: one cluster with real Envoys, shared by all tests below tests/traffic.

Its pods, Services, addresses and ports are in `world.py`; what the applications answer to which path is in
`apps/answering.py`, `apps/streams.py` and `apps/calls.py`.

    pytestmark = TRAFFIC

    @fields("VirtualService", "http.rewrite.uri")
    async def test_a_matched_prefix_is_replaced(lab: Lab) -> None:
        async with lab.applied(ROUTE):
            answer = await lab.get("client", "http://echo:8000/old/x", headers={"a": "b"})
        assert answer.status == 200 and answer.seen.path == "/new/x"

| what | gives |
|---|---|
| `lab.applied(*yaml, clean=True)` | the problems; Services, Pods, Secrets and so on work, too |
| `lab.get(pod, url, method=, headers=, body=, at=, tls=)` | `Answer`; `at` is an address to dial |
| `lab.many(pod, url, count, headers=, at=)` | how often each pod answered; failures as `status 503` |
| `lab.line(pod, host, port, say=, at=, tls=)` | the line that comes back; "" when closed |
| `lab.dial(pod, host, port, at=)` | a connected socket, for everything else |
| `lab.grpc(pod, "echo:7000", message=, metadata=)` | `Called`: message, code, what arrived |
| `lab.websocket(pod, url, *words)` | what came back for each word |
| `lab.gateway(url, ..., tls=)`, `lab.gateway_line(port, tls=)`, `lab.dial_gateway(port)` | from outside |
| `lab.resolve(pod, name)` | the addresses of a name in a pod |
| `lab.seen(pod)` | how many requests each HTTP port of a pod has had |
| `lab.stats(pod, filter)`, `lab.dump(pod, "dynamic_listeners")` | what its Envoy says |
| `lab.ca`, `lab.outside` | the test authority (`issue(dns=...)`, `root_pem`); names and root of the outside |
| `lab.key()` | a fresh key for `?fail=K&key=...` |

Names outside, which every pod resolves by DNS: www.outside.test, api.outside.test, httpbin.outside.test,
anything.wild.outside.test. Their servers (HTTP 80, HTTPS 443, HTTPS with client certificates 8443, echoed
bytes 9000) tell what they saw, see `convoy.cluster.network.outside.seeing`: `Answer.told` is their JSON.

Pods are meant by their names: client, visitor, echo-v1, echo-v2, echo-v3, outside, istio-ingressgateway, and
`NAMESPACE/POD` for those that a test brings itself (`world.echo_pod` makes one).
"""

import asyncio
import contextlib
import json
import socket
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
import pytest
from tests.kit.certificates import Authority
from tests.traffic import world
from tests.traffic.answers import SECONDS, Answer, Asked, Seen, Tls, ask, failed
from tests.traffic.configuring import CLUSTER, Configuration, Problem, errors_in, until_nothing

from convoy.cli.local.mesh import LocalMesh
from convoy.cli.pod_traffic import Request, ask_many, ask_once
from convoy.cluster.types import OutsideInfo

__all__ = ["TRAFFIC", "Answer", "Called", "Lab", "Seen", "Tls"]

# What every module marks its tests with.
TRAFFIC = [pytest.mark.world, pytest.mark.envoy, pytest.mark.asyncio(loop_scope="session")]
_ADMIN = 15000


class Called(msgspec.Struct, frozen=True):
    """What a gRPC call brought back: `code` 0 is success; `metadata` is what came in the trailers."""

    message: str
    code: int
    detail: str
    metadata: list[list[str]]
    seconds: float

    @property
    def seen(self) -> dict[str, str]:
        """The metadata that arrived at the server."""
        return {key.removeprefix("seen-"): value for key, value in self.metadata if key.startswith("seen-")}

    @property
    def pod(self) -> str:
        """The pod that answered."""
        return self.message.partition(" ")[0]


class Lab:
    """The running cluster, and requests in it."""

    def __init__(self, local: LocalMesh, authority: Authority, outside: OutsideInfo) -> None:
        self.local = local
        self.ca = authority
        self.outside = outside
        self.configuration = Configuration(local)
        self._found: dict[tuple[str, str], str] = {}
        self._found_at = -1
        self._doors: dict[int, int] = {}

    # --- configuration ---

    @contextlib.asynccontextmanager
    async def applied(self, *texts: str, clean: bool = True) -> AsyncIterator[list[Problem]]:
        """YAML texts in force while the context is open: every proxy took them.

        Gives the control plane's problems about them, which must not be errors unless `clean` is False.
        AssertionError tells what a proxy refused.
        """
        number = self.configuration.add(texts)
        try:
            await self.configuration.settle()
            problems = await self.configuration.problems()
            assert not clean or not errors_in(problems), "\n".join(errors_in(problems))
            yield problems
        finally:
            self.configuration.remove(number)
            if self.configuration.removes_at_once:
                await self.settled()

    async def settled(self) -> None:
        """Until what tests took back is gone from every proxy; requests do this by themselves."""
        await self.configuration.settle()

    # --- from pods ---

    async def get(
        self,
        source: str,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        at: str = "",
        tls: Tls | None = None,
    ) -> Answer:
        """One request on a connection of its own from inside a pod."""
        asked = Asked(url=url, method=method, headers=headers or {}, body=body, tls=tls or Tls())
        host, port = _place(url)
        start = time.monotonic()
        try:
            sock = await self.dial(source, host, port, at=at)
        except OSError as error:
            return failed(error, start)
        return await asyncio.to_thread(ask, sock, asked)

    async def many(
        self,
        source: str,
        url: str,
        count: int,
        *,
        headers: Mapping[str, str] | None = None,
        at: str = "",
        connections: int = 4,
    ) -> Counter[str]:
        """How often each pod answered of `count` requests, made on a few connections side by side."""
        host, port = _place(url)
        split = urlsplit(url)
        path = (split.path or "/") + (f"?{split.query}" if split.query else "")

        async def dial() -> socket.socket:
            return await self.dial(source, host, port, at=at)

        request = Request(split.netloc, path, headers or {})
        replies = await ask_many(dial, request, count, connections=connections)
        return Counter(
            reply.json()["pod"] if reply.status == 200 else f"status {reply.status}" for reply in replies
        )

    async def line(
        self,
        source: str,
        host: str,
        port: int,
        *,
        say: str = "hello",
        at: str = "",
        tls: Tls | None = None,
        greeted: bool = False,
    ) -> str:
        """Say a line and give the one that comes back; `greeted` waits for the server's own line first.

        "" when the connection is closed or refused.
        """
        try:
            sock = await self.dial(source, host, port, at=at)
        except OSError:
            return ""
        return await asyncio.to_thread(_converse, sock, say, tls.wrap(sock, host) if tls else None, greeted)

    async def dial(self, source: str, host: str, port: int, *, at: str = "") -> socket.socket:
        """A connection from inside a pod to a name, as that pod resolves it, or to an address."""
        await self.settled()
        address = at or (host if _is_address(host) else await self._look_up(source, host))
        namespace, pod = _pod(source)
        return await self.local.world.dial(CLUSTER, namespace, pod, port, host=address)

    async def grpc(
        self,
        source: str,
        target: str,
        *,
        message: str = "hello",
        metadata: Mapping[str, str] | None = None,
        method: str = "/lab.Echo/Say",
        authority: str = "",
    ) -> Called:
        """A gRPC call that a pod makes (client or visitor, or another with HTTP on 8000)."""
        query = {"target": target, "message": message, "method": method}
        query |= {"authority": authority} if authority else {}
        query |= {f"m-{name}": value for name, value in (metadata or {}).items()}
        return msgspec.convert(await self._call(source, "grpc", query), Called)

    async def websocket(self, source: str, url: str, *words: str) -> list[str]:
        """What a websocket answers to each word, as a pod hears it; OSError when there is none."""
        told = await self._call(source, "ws", {"url": url, "message": " ".join(words) or "hello"})
        if told["error"]:
            raise OSError(told["error"])
        return list(told["answers"])

    async def resolve(self, source: str, name: str) -> list[str]:
        """The IPv4 addresses that a pod's resolver gives for a name, sorted; none for an unknown one."""
        await self.settled()
        namespace, pod = _pod(source)
        found = await self.local.world.exec(CLUSTER, namespace, pod, ["getent", "ahostsv4", name])
        return sorted({line.split()[0] for line in found.stdout.decode().splitlines() if line.strip()})

    async def _look_up(self, source: str, name: str) -> str:
        if self._found_at != self.configuration.generation:
            self._found_at = self.configuration.generation
            self._found.clear()
        if (source, name) not in self._found:
            addresses: list[str] = []

            async def missing() -> str:
                addresses[:] = await self.resolve(source, name)
                return "" if addresses else f"{name} does not resolve in {source}"

            try:
                # The agents have the names of a change at about the time the proxies have the rest.
                await until_nothing(missing, patience=1.0)
            except AssertionError as error:
                raise OSError(str(error)) from None
            self._found[source, name] = addresses[0]
        return self._found[source, name]

    async def _call(self, source: str, kind: str, query: Mapping[str, str]) -> Any:
        await self.settled()
        namespace, pod = _pod(source)
        parts = "&".join(f"{quote(name)}={quote(value)}" for name, value in query.items())

        async def dial() -> socket.socket:
            return await self.local.world.dial(CLUSTER, namespace, pod, world.HTTP)

        reply = await ask_once(dial, Request("self", f"/call/{kind}?{parts}"))
        assert reply.status == 200, reply
        return reply.json()

    # --- from outside, through the ingress gateway ---

    async def gateway(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        tls: Tls | None = None,
    ) -> Answer:
        """One request from this machine to the gateway's port that the URL has, with the URL's host."""
        start = time.monotonic()
        try:
            sock = await self.dial_gateway(_place(url)[1])
        except OSError as error:
            return failed(error, start)
        asked = Asked(url=url, method=method, headers=headers or {}, body=body, tls=tls or Tls())
        return await asyncio.to_thread(ask, sock, asked)

    async def gateway_line(
        self, port: int, *, say: str = "hello", tls: Tls | None = None, greeted: bool = False
    ) -> str:
        """Say a line to a port of the gateway; gives the line that comes back, "" when there is none."""
        try:
            sock = await self.dial_gateway(port)
            return await asyncio.to_thread(_converse, sock, say, tls.wrap(sock, "") if tls else None, greeted)
        except OSError:
            return ""

    async def dial_gateway(self, port: int) -> socket.socket:
        """A connection from this machine to the gateway's Service, or to its pod on a port without one."""
        await self.settled()
        if port not in self._doors:
            balancer = self.local.address_of(CLUSTER, world.GATEWAY)
            address = balancer if port in world.gateway_ports() else world.GATEWAY_ADDRESS
            listening = socket.create_server(("127.0.0.1", 0))
            with listening:
                await self.local.world.forward(listening, CLUSTER, address, port)
                self._doors[port] = listening.getsockname()[1]
        return await asyncio.to_thread(socket.create_connection, ("127.0.0.1", self._doors[port]), SECONDS)

    # --- looking ---

    async def seen(self, pod: str, *, port: int = world.HTTP) -> int:
        """How many requests have reached an HTTP port of a pod."""
        await self.settled()
        counters = await self._ask_pod(pod, world.HTTP, "/seen")
        return int(json.loads(counters).get(str(port), 0))

    async def stats(self, pod: str, filter: str) -> dict[str, int]:
        """Counters and gauges of a pod's Envoy whose names a regular expression finds."""
        text = await self._ask_pod(pod, _ADMIN, f"/stats?filter={quote(filter)}")
        pairs = (line.rpartition(": ") for line in text.splitlines())
        return {name: int(value) for name, _, value in pairs if value.isdigit()}

    async def dump(self, pod: str, resource: str) -> list[Any]:
        """A part of what a pod's Envoy is configured with, such as `dynamic_active_clusters`."""
        text = await self._ask_pod(pod, _ADMIN, f"/config_dump?resource={resource}")
        return list(json.loads(text).get("configs", []))

    async def _ask_pod(self, source: str, port: int, path: str) -> str:
        namespace, pod = _pod(source)

        async def dial() -> socket.socket:
            return await self.local.world.dial(CLUSTER, namespace, pod, port)

        reply = await ask_once(dial, Request("pod", path))
        assert reply.status == 200, reply
        return reply.body.decode()

    def key(self) -> str:
        """A key that no request has had."""
        return uuid.uuid4().hex


def _place(url: str) -> tuple[str, int]:
    split = urlsplit(url)
    return split.hostname or "", split.port or (443 if split.scheme == "https" else 80)


def _pod(source: str) -> tuple[str, str]:
    namespace, _, pod = source.rpartition("/")
    return namespace or world.NAMESPACES[source], pod


def _is_address(host: str) -> bool:
    return host.replace(".", "").isdigit()


def _converse(sock: socket.socket, say: str, secured: socket.socket | None, greeted: bool) -> str:
    talking = secured or sock
    talking.settimeout(SECONDS)
    try:
        with talking, talking.makefile("rb") as incoming:
            if greeted:
                incoming.readline()
            talking.sendall(f"{say}\n".encode())
            return incoming.readline().decode().rstrip("\n")
    except OSError:
        return ""
