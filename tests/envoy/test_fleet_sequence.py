"""A client of the fleet says to the server what a real Envoy says, in the same order."""

import asyncio
import contextlib

import grpc
import pytest
from bench.fleet.envoy_like import EnvoyLike
from envoy.config.cluster.v3 import cluster_pb2
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest
from tests.kit.ads import resources
from tests.kit.ads_server import NODE_ID, serving
from tests.kit.envoy_process import ads_bootstrap, running_envoy
from tests.kit.http_config import eds_cluster, endpoints, http_listener, http_route

from convoy.xds.cache.encode import encode_resource, join_delta
from convoy.xds.cache.resources import CLUSTER, ENDPOINT, LISTENER, ROUTE
from convoy.xds.server import ads
from convoy.xds.server.requests import parse_delta

pytestmark = pytest.mark.envoy

ALL_TYPES = ("CDS", "EDS", "LDS", "RDS")


def mesh(clusters, listeners, *, static=(), timeout="1s"):
    """`clusters` by port of their endpoint, `listeners` by name as (route, cluster)."""
    routes = dict(listeners.values())
    return resources(
        [*(eds_cluster(name, connect_timeout=timeout) for name in clusters), *static],
        [endpoints(name, port) for name, port in clusters.items() if port],
        [http_listener(name, route=route) for name, (route, _) in listeners.items()],
        [http_route(route, cluster) for route, cluster in routes.items()],
    )


def static_cluster(name):
    return encode_resource(CLUSTER, name, cluster_pb2.Cluster(name=name, type=cluster_pb2.Cluster.STATIC))


START = mesh({"alpha": 1, "beta": 2}, {"l1": ("80", "alpha"), "l2": ("90", "beta")})
CHANGES = {
    "route moves to a new cluster": mesh(
        {"alpha": 1, "beta": 2, "gamma": 3}, {"l1": ("80", "gamma"), "l2": ("90", "beta")}
    ),
    "endpoint changes": mesh({"alpha": 1, "beta": 5}, {"l1": ("80", "alpha"), "l2": ("90", "beta")}),
    "every cluster changes": mesh(
        {"alpha": 1, "beta": 2}, {"l1": ("80", "alpha"), "l2": ("90", "beta")}, timeout="2s"
    ),
    "cluster without endpoints comes": mesh(
        {"alpha": 1, "beta": 2, "lonely": 0}, {"l1": ("80", "alpha"), "l2": ("90", "beta")}
    ),
    "cluster comes and another goes": mesh(
        {"alpha": 1, "gamma": 3}, {"l1": ("80", "alpha"), "l2": ("90", "gamma")}
    ),
    "listener names another route": mesh(
        {"alpha": 1, "beta": 2}, {"l1": ("70", "alpha"), "l2": ("90", "beta")}
    ),
    "listener comes": mesh(
        {"alpha": 1, "beta": 2}, {"l1": ("80", "alpha"), "l2": ("90", "beta"), "l3": ("60", "beta")}
    ),
    "static cluster comes": mesh(
        {"alpha": 1, "beta": 2},
        {"l1": ("80", "alpha"), "l2": ("90", "beta")},
        static=[static_cluster("fixed")],
    ),
    "nothing changes": START,
}


@pytest.fixture
def said(monkeypatch):
    """What the servers of this process are told, as comparable tuples."""
    heard = []
    parse = ads.parse_delta

    def record(data):
        request = parse(data)
        name = request.type_url.rpartition(".")[2]
        names = (sorted(request.subscribe), sorted(request.unsubscribe))
        versions = dict(DeltaDiscoveryRequest.FromString(data).initial_resource_versions)
        heard.append((name, *names, versions, request.nonce, request.error))
        return request

    monkeypatch.setattr(ads, "parse_delta", record)
    return heard


@contextlib.asynccontextmanager
async def real(port, tmp_path):
    async with running_envoy(ads_bootstrap(port, node_id=NODE_ID), tmp_path):
        yield


@contextlib.asynccontextmanager
async def imitation(port, tmp_path):
    client = EnvoyLike(NODE_ID)

    async def run():
        # gRPC may report the cancelling below as an error of a call that was ending anyway.
        while not asyncio.current_task().cancelling():
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                call = channel.stream_stream(f"/{ads.SERVICE}/DeltaAggregatedResources")()
                with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
                    for request in client.connect():
                        await call.write(request)
                    async for data in call:
                        _, replies = client.receive(data)
                        for request in replies:
                            await call.write(request)

    task = asyncio.create_task(run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def converse(client, change, tmp_path, said):
    """What a client says at its start, at a change, and when it reconnects to another server."""
    tmp_path.mkdir()
    async with contextlib.AsyncExitStack() as stack:
        async with serving(START) as first:
            port = first.port
            await stack.enter_async_context(client(port, tmp_path))
            await first.wait_state("SYNCED", *ALL_TYPES)
            start, said[:] = list(said), []
            first.serve(change)
            await first.wait_state("SYNCED", *ALL_TYPES)
            at_change, said[:] = list(said), []
        async with serving(change, port=port) as second:
            await second.wait_state("SYNCED", *ALL_TYPES)
            again, said[:] = list(said), []
            assert second.ads.statistics().resources_sent == 0
    return {"start": start, "change": at_change, "reconnect": again}


@pytest.mark.parametrize("change", CHANGES)
async def test_fleet_client_says_what_envoy_says(tmp_path, said, change):
    spoken = await converse(real, CHANGES[change], tmp_path / "real", said)
    imitated = await converse(imitation, CHANGES[change], tmp_path / "imitation", said)
    assert imitated == spoken
    assert len(spoken["start"]) >= 8


@contextlib.asynccontextmanager
async def scripted_server(script):
    """A server that plays a script with its first client; gives the port and the script's end."""
    ended = asyncio.get_running_loop().create_future()

    async def play(_requests, context):
        async def hears():
            request = parse_delta(await context.read())
            return request.type_url, request.nonce

        async def says(type_url, nonce, *resources):
            chunks = [resource.delta_chunk for resource in resources]
            await context.write(join_delta(type_url, nonce, nonce=nonce, chunks=chunks))

        try:
            ended.set_result(await script(hears, says))
        except Exception as error:
            ended.set_exception(error)

    server = grpc.aio.server()
    methods = {"DeltaAggregatedResources": grpc.stream_stream_rpc_method_handler(play)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(ads.SERVICE, methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port, ended
    finally:
        await server.stop(None)


async def with_one_assignment_late(hears, says):
    """Send clusters, then their assignments one by one; gives what the client says, in order."""
    heard = [await hears()]
    await says(CLUSTER, "c1", eds_cluster("alpha"), eds_cluster("beta"))
    heard += [await hears() for _ in range(2)]
    await says(ENDPOINT, "e1", endpoints("alpha", 1))
    heard.append(await hears())
    await says(ENDPOINT, "e2", endpoints("beta", 1))
    heard += [await hears() for _ in range(2)]
    await says(CLUSTER, "c2", eds_cluster("beta", connect_timeout="2s"))
    await says(ENDPOINT, "e3", endpoints("alpha", 2))
    heard.append(await hears())
    await says(ENDPOINT, "e4", endpoints("beta", 1))
    heard += [await hears() for _ in range(2)]
    return heard


@pytest.mark.parametrize("client", [real, imitation])
async def test_changed_clusters_are_acknowledged_after_their_last_assignment(tmp_path, client):
    async with scripted_server(with_one_assignment_late) as (port, ended), client(port, tmp_path):
        assert await ended == [
            (CLUSTER, ""),
            (ENDPOINT, ""),
            (CLUSTER, "c1"),
            (ENDPOINT, "e1"),
            (LISTENER, ""),
            (ENDPOINT, "e2"),
            (ENDPOINT, "e3"),
            (CLUSTER, "c2"),
            (ENDPOINT, "e4"),
        ]


async def with_clusters_that_need_no_assignment(hears, says):
    heard = [await hears()]
    await says(CLUSTER, "c1", static_cluster("fixed"))
    heard += [await hears() for _ in range(2)]
    await says(LISTENER, "l1", http_listener("in", route="80"))
    return heard + [await hears() for _ in range(2)]


@pytest.mark.parametrize("client", [real, imitation])
async def test_listeners_are_asked_for_at_once_when_no_cluster_needs_an_assignment(tmp_path, client):
    script = with_clusters_that_need_no_assignment
    async with scripted_server(script) as (port, ended), client(port, tmp_path):
        assert await ended == [
            (CLUSTER, ""),
            (LISTENER, ""),
            (CLUSTER, "c1"),
            (ROUTE, ""),
            (LISTENER, "l1"),
        ]
