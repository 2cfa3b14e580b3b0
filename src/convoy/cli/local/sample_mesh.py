"""A local mesh of the Bookinfo sample as tests and benchmarks use it: requests, captures, file changes."""

import asyncio
import contextlib
import json
import os
import socket
import ssl
import urllib.parse
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Self

from convoy.cli.demo.wire import Segment
from convoy.cli.local.errors import LocalMeshError
from convoy.cli.local.mesh import LocalMesh
from convoy.cli.pod_traffic import Dial, Reply, Request, ask, ask_once, over
from convoy.cli.tls_client import ask_tls, client_context, peer_certificate

GATEWAY_POD = "istio-ingressgateway"
PASSTHROUGH_PORT = 15443
PATIENCE_SECONDS = 5.0


class Captured:
    """Filled when the capture ends."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []


class SampleMesh:
    """A LocalMesh of cluster1 and cluster2 that runs the Bookinfo sample."""

    def __init__(self, local: LocalMesh, ingress_url: str, *, variants: Path) -> None:
        self.local = local
        self._variants = variants
        self._entry = local.clusters["cluster1"].folder / "reviews-global.yaml"
        self._original_entry = self._entry.read_bytes()
        self._gateway_address = local.address_of("cluster2", GATEWAY_POD)
        self.ingress_url = ingress_url

    @classmethod
    async def open(cls, local: LocalMesh, samples: Path) -> Self:
        """Look at a running mesh, its ingress reachable from the host."""
        url = await local.forward_ingress("cluster1")
        return cls(local, url, variants=samples / "networking")

    def roots_pem(self, cluster: str) -> str:
        """The root certificates of a cluster, as PEM."""
        return self.local.clusters[cluster].roots_pem

    # --- requests ---

    async def ask_ingress(
        self, path: str, headers: dict[str, str] | None = None, *, method: str = "GET", body: bytes = b""
    ) -> Reply:
        """A request from the host through cluster1's ingress gateway."""
        netloc = urllib.parse.urlsplit(self.ingress_url).netloc
        host, _, port = netloc.rpartition(":")

        async def dial() -> socket.socket:
            return await asyncio.to_thread(socket.create_connection, (host, int(port)), 10)

        return await ask_once(dial, Request(netloc, path, headers or {}, method, body))

    async def login(self, user: str) -> str:
        """Log in on the page; gives the Cookie header of the session."""
        reply = await self.ask_ingress(
            "/login",
            {"Content-Type": "application/x-www-form-urlencoded"},
            method="POST",
            body=urllib.parse.urlencode({"username": user, "passwd": "any"}).encode(),
        )
        cookie = reply.headers.get("set-cookie", "").partition(";")[0]
        if reply.status not in (302, 303) or not cookie:
            raise LocalMeshError(f"login was answered {reply.status} without a cookie")
        return cookie

    def dial_from(self, pod: str, target: str) -> Dial:
        """Connections to `host:port` from inside a pod of cluster1; names are resolved by that pod."""
        host, _, port = target.rpartition(":")

        async def dial() -> socket.socket:
            address = host if host.replace(".", "").isdigit() else await self._address(pod, host)
            return await self.local.world.dial("cluster1", "default", pod, int(port), host=address)

        return dial

    def dial_own(self, pod: str, port: int) -> Dial:
        """Connections to a pod of cluster1 from itself on loopback: straight to the application."""

        async def dial() -> socket.socket:
            return await self.local.world.dial("cluster1", "default", pod, port)

        return dial

    async def ask_until_ok(self, pod: str, target: str, request: Request) -> Reply:
        """Repeat a request until it is answered 200; LocalMeshError when patience ends."""
        reply = Reply(0, {}, b"not tried")
        for _ in range(int(PATIENCE_SECONDS / 0.05)):
            reply = await ask_once(self.dial_from(pod, target), request)
            if reply.status == 200:
                return reply
            await asyncio.sleep(0.05)
        text = reply.body[:100].decode(errors="replace")
        raise LocalMeshError(f"{request.host} at {target}: {reply.status or 'no answer'} {text}")

    async def resolve(self, pod: str, name: str) -> list[str]:
        """The IPv4 addresses that the resolver of a pod of cluster1 gives for a name, sorted."""
        found = await self.local.world.exec("cluster1", "default", pod, ["getent", "ahostsv4", name])
        return sorted({line.split()[0] for line in found.stdout.decode().splitlines() if line.strip()})

    async def _address(self, pod: str, host: str) -> str:
        addresses = await self.resolve(pod, host)
        if not addresses:
            raise LocalMeshError(f"{host} does not resolve in pod {pod}")
        return addresses[0]

    # --- the other cluster's gateway, spoken to directly ---

    async def dial_gateway(self) -> socket.socket:
        """A connection to port 15443 of cluster2's gateway, from a place in cluster1 without a sidecar."""
        return await self.local.world.dial(
            "cluster1", "istio-system", GATEWAY_POD, PASSTHROUGH_PORT, host=self._gateway_address
        )

    async def peer_certificate(self, context: ssl.SSLContext, sni: str) -> bytes:
        """The certificate (DER) that is shown behind an SNI; ssl.SSLError or OSError when there is none."""
        sock = await self.dial_gateway()
        with sock:
            return await asyncio.to_thread(peer_certificate, context, sock, sni=sni)

    def own_context(self) -> ssl.SSLContext:
        """A TLS client with an identity of the demo's own, certified by cluster1."""
        return client_context(self.local.clusters["cluster1"].intermediate)

    async def ask_through_gateway(self, context: ssl.SSLContext, sni: str, request: Request) -> Reply:
        """A request over TLS to what an SNI names at cluster2's gateway."""
        sock = await self.dial_gateway()
        return await asyncio.to_thread(ask_tls, context, sock, sni=sni, request=request)

    @contextlib.asynccontextmanager
    async def capturing(self, cluster: str, port: int) -> AsyncIterator[Captured]:
        """Capture what passes a cluster's uplink on a TCP port while the context is open."""
        captured = Captured()
        capture = await self.local.world.capture_start(cluster, port=port)
        try:
            yield captured
        finally:
            for packet in await self.local.world.capture_stop(capture):
                stream = f"{packet.src}:{packet.sport}>{packet.dst}:{packet.dport}"
                captured.segments.append(Segment(stream, packet.seq, packet.payload))

    # --- changes ---

    def write_file(self, cluster: str, name: str, text: str) -> None:
        """Put a file into a cluster's folder, as a whole: readers see the old text or the new."""
        _write(self.local.clusters[cluster].folder / name, text.encode())

    async def use_service_entry(self, variant: str) -> None:
        """Put a variant of the ServiceEntry in place of the one in cluster1's folder; empty: the original."""
        text = (self._variants / variant).read_bytes() if variant else self._original_entry
        _write(self._entry, text)
        await self._wait_entry_in_use(text.decode())

    async def add_global_service(self, name: str, vip: str) -> None:
        """Declare a service of cluster2's default namespace in cluster1, as the seed does for reviews."""
        text = f"""\
apiVersion: networking.istio.io/v1alpha3
kind: ServiceEntry
metadata: {{name: {name}-default}}
spec:
  hosts: [{name}.default.global]
  location: MESH_INTERNAL
  ports: [{{name: http1, number: 9080, protocol: http}}]
  resolution: DNS
  addresses: [{vip}]
  endpoints:
  - {{address: {self._gateway_address}, labels: {{cluster: cluster2}}, ports: {{http1: {PASSTHROUGH_PORT}}}}}
"""
        _write(self._entry.with_name(f"{name}-global.yaml"), text.encode())
        await self._wait(lambda: self._resolves_to(name, vip), f"{name} does not resolve to {vip}")

    async def _wait_entry_in_use(self, text: str) -> None:
        vip = "127.255.0.3" if "127.255.0.3" in text else "240.0.0.3"
        await self._wait(lambda: self._resolves_to("reviews.default.global", vip), f"reviews is not at {vip}")
        name = "istio-ingressgateway.cluster2.convoy.test"
        host = name if name in text else self._gateway_address
        await self._wait(lambda: self._calls(host), f"productpage's Envoy does not call {host}")

    async def _resolves_to(self, name: str, vip: str) -> bool:
        return await self.resolve("productpage-v1", name) == [vip]

    async def _calls(self, host: str) -> bool:
        """Whether productpage's Envoy has this gateway as the endpoint of reviews.default.global."""
        sock = await self.local.world.dial("cluster1", "default", "productpage-v1", 15000)
        request = Request("envoy", "/config_dump?resource=dynamic_active_clusters")
        with sock:
            dump = await asyncio.to_thread(ask, over(sock), request)
        clusters = [entry["cluster"] for entry in dump.json().get("configs", [])]
        return any(
            cluster["name"] == "outbound|9080||reviews.default.global" and f'"{host}"' in _endpoints(cluster)
            for cluster in clusters
        )

    async def _wait(self, condition: Callable[[], Awaitable[bool]], failure: str) -> None:
        for _ in range(int(PATIENCE_SECONDS / 0.05)):
            if await condition():
                return
            await asyncio.sleep(0.05)
        raise LocalMeshError(f"{failure} after {PATIENCE_SECONDS:.0f} s")


def _endpoints(cluster: dict[str, object]) -> str:
    return json.dumps(cluster.get("load_assignment", {}))


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    os.replace(part, path)
