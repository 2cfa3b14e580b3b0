"""Two clusters' routers with pods that are mere namespaces: the service proxy without any process."""

import asyncio
import errno
import socket
from typing import Any

from convoy.cluster.linux.netns import inside
from convoy.cluster.network import links
from convoy.cluster.network.index import SERVICE_LABEL, ServiceIndex
from convoy.cluster.network.nodes import plan_nodes
from convoy.cluster.network.proxy import ServiceProxy
from convoy.cluster.network.routers import WAN_GATEWAY, Router
from convoy.cluster.store import Key

Json = dict[str, Any]

PORT = 8080
_PATIENCE = 2.0
_NO_ANSWER = 0.3  # seconds after which a packet that is dropped on purpose surely got no answer


class Pod:
    """A namespace with an address; it tells who calls over TCP and UDP, and echoes what comes after that."""

    def __init__(self, name: str, address: str, netns: int, node: str) -> None:
        self.name, self.address, self.netns, self.node = name, address, netns, node

    async def serve(self) -> None:
        """Answer for as long as the lab lasts."""
        loop = asyncio.get_running_loop()
        with inside(self.netns):
            listener = socket.create_server(("0.0.0.0", PORT), backlog=512)
            datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind(("0.0.0.0", PORT))
        datagrams.setblocking(False)
        self.server = await asyncio.start_server(self._tell, sock=listener)
        await loop.create_datagram_endpoint(lambda: _Datagrams(self.name), sock=datagrams)

    async def _tell(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"{self.name} {writer.get_extra_info('peername')[0]}\n".encode())
        try:
            while data := await reader.readline():
                writer.write(data)
        except ConnectionError:
            pass
        writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, name: str) -> None:
        self._name = name

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self._transport.sendto(f"{self._name} {addr[0]}".encode(), addr)


class Cluster:
    """A router with two nodes, its proxy, and the Services that a scenario sets."""

    def __init__(self, name: str, number: int, worker: links.LinkWorker, *, pod_cidr: str, service_cidr: str):
        nodes = plan_nodes(name, 2, pod_cidr=pod_cidr, region=name)
        self.router = Router(nodes, number, pod_cidr=pod_cidr, service_cidr=service_cidr, worker=worker)
        self.index = ServiceIndex()
        self.failures: list[str] = []
        self.proxy = ServiceProxy(
            self.index, self.router, on_failure=lambda error: self.failures.append(str(error))
        )

    async def open(self) -> None:
        """Make the router and follow the index."""
        await self.router.make()
        self.index.changed.set(0)
        self.task = asyncio.create_task(self.proxy.run())

    async def pod(self, name: str, *, node: int = 0, number: int = 9) -> Pod:
        """A pod that answers."""
        place = self.router.nodes[node]
        address = f"{place.address.rpartition('.')[0]}.{number}"
        netns, _link = await self.router.make_pod_network(address, gateway=place.address)
        pod = Pod(name, address, netns, place.name)
        await pod.serve()
        return pod

    async def set(self, service: Json | None, *pods: Pod, ending: tuple[Pod, ...] = (), name: str = "web"):
        """Make this the Service and these the endpoints behind it, and wait until that is in force."""
        key = Key("default", name)
        self.index.set_service(key, service)
        endpoints = [_endpoint(pod, ready=True) for pod in pods]
        endpoints += [_endpoint(pod, ready=False) for pod in ending]
        ports = [{"name": proto.lower(), "port": PORT, "protocol": proto} for proto in ("TCP", "UDP")]
        body = {"addressType": "IPv4", "endpoints": endpoints, "ports": ports}
        labels = {"metadata": {"labels": {SERVICE_LABEL: name}}}
        self.index.set_slice(Key("default", f"{name}-1"), {**body, **labels})
        self.index.changed.set(0)
        await self.proxy.wait_applied()


def _endpoint(pod: Pod, *, ready: bool) -> Json:
    conditions = {"ready": ready, "serving": True, "terminating": not ready}
    return {"addresses": [pod.address], "conditions": conditions, "nodeName": pod.node}


def service(cluster_ip: str, *, node_port: int = 0, balancer: str = "", **spec: Any) -> Json:
    """A Service with port 80 over TCP and UDP."""
    ports = [{"name": proto.lower(), "port": 80, "protocol": proto} for proto in ("TCP", "UDP")]
    if node_port:
        ports = [{**port, "nodePort": node_port} for port in ports]
    kind = "LoadBalancer" if balancer else "NodePort" if node_port else "ClusterIP"
    status = {"loadBalancer": {"ingress": [{"ip": balancer}]}} if balancer else {}
    return {"spec": {"type": kind, "clusterIP": cluster_ip, "ports": ports, **spec}, "status": status}


async def connect(netns: int, address: str, port: int = 80, *, patience: float = _PATIENCE) -> socket.socket:
    """A connection from a namespace; raises OSError."""
    with inside(netns):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        async with asyncio.timeout(patience):
            await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except BaseException:
        sock.close()
        raise
    return sock


async def call(netns: int, address: str, port: int = 80, *, patience: float = _PATIENCE) -> list[str]:
    """Who answers a connection, and which client it saw; or the word for why nobody did."""
    try:
        with await connect(netns, address, port, patience=patience) as sock:
            async with asyncio.timeout(patience):
                return (await asyncio.get_running_loop().sock_recv(sock, 100)).decode().split()
    except TimeoutError:
        return ["no answer"]
    except OSError as error:
        return [errno.errorcode.get(error.errno or 0, "?")]


async def callers(netns: int, address: str, port: int = 80, *, times: int = 24) -> list[list[str]]:
    """Every different answer of many calls."""
    answers = [await call(netns, address, port) for _ in range(times)]
    return sorted(map(list, {tuple(answer) for answer in answers}))


async def silent(netns: int, address: str, port: int = 80) -> bool:
    """Whether a connection gets no answer at all."""
    return await call(netns, address, port, patience=_NO_ANSWER) == ["no answer"]


class Datagrams:
    """A client that sends all its datagrams from one port."""

    def __init__(self, netns: int, address: str, port: int = 80) -> None:
        with inside(netns):
            self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setblocking(False)
        self._sock.connect((address, port))

    async def ask(self) -> list[str]:
        """Who answers a datagram, as `call` tells it."""
        loop = asyncio.get_running_loop()
        try:
            await loop.sock_sendall(self._sock, b"?")
            async with asyncio.timeout(_PATIENCE):
                return (await loop.sock_recv(self._sock, 100)).decode().split()
        except TimeoutError:
            return ["no answer"]
        except OSError as error:
            return [errno.errorcode.get(error.errno or 0, "?")]


class Lab:
    """East and west, with pods `a` and `b` in east's first node, `c` in its second, and `far` in west."""

    async def open(self) -> None:
        """Make all of it."""
        worker = links.LinkWorker()
        await worker.run(links.make_wan, WAN_GATEWAY)
        self.worker = worker
        self.east = Cluster("east", 0, worker, pod_cidr="198.18.0.0/20", service_cidr="198.18.16.0/20")
        self.west = Cluster("west", 1, worker, pod_cidr="198.18.0.0/20", service_cidr="198.18.16.0/20")
        await self.east.open()
        await self.west.open()
        self.a = await self.east.pod("a", number=9)
        self.b = await self.east.pod("b", number=10)
        self.c = await self.east.pod("c", node=1, number=9)
        self.client = await self.east.pod("client", number=20)
        self.far = await self.west.pod("far", node=1, number=77)
