"""A client of the fleet says to the server what a real Envoy says, in the same order."""

import asyncio
import contextlib

import grpc
import pytest
from bench.fleet.envoy_like import EnvoyLike
from tests.kit.ads import resources
from tests.kit.ads_server import NODE_ID, serving
from tests.kit.envoy_process import ads_bootstrap, running_envoy
from tests.kit.http_config import eds_cluster, endpoints, http_listener, http_route

from convoy.xds.cache.encode import encode_resource
from convoy.xds.cache.resources import CLUSTER
from convoy.xds.server import ads

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
    from envoy.config.cluster.v3 import cluster_pb2

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


@contextlib.asynccontextmanager
async def recording(monkeypatch):
    """What the servers of this process are told, as comparable tuples."""
    said = []
    parse = ads.parse_delta

    def record(data):
        request = parse(data)
        said.append(
            (
                request.type_url.rpartition(".")[2],
                sorted(request.subscribe),
                sorted(request.unsubscribe),
                dict(request.initial_versions),
                request.nonce,
                request.error,
            )
        )
        return request

    with monkeypatch.context() as patch:
        patch.setattr(ads, "parse_delta", record)
        yield said


@contextlib.asynccontextmanager
async def real(port, tmp_path):
    async with running_envoy(ads_bootstrap(port, node_id=NODE_ID), tmp_path):
        yield


@contextlib.asynccontextmanager
async def imitation(port, tmp_path):
    client = EnvoyLike(NODE_ID)

    async def run():
        while True:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                call = channel.stream_stream(f"/{ads.SERVICE}/DeltaAggregatedResources")()
                with contextlib.suppress(grpc.aio.AioRpcError):
                    for request in client.connect():
                        await call.write(request.SerializeToString())
                    async for data in call:
                        for request in client.receive(data):
                            await call.write(request.SerializeToString())

    task = asyncio.create_task(run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def converse(client, change, tmp_path, monkeypatch):
    """What a client says at its start, at a change, and when it reconnects to another server."""
    tmp_path.mkdir()
    async with recording(monkeypatch) as said, contextlib.AsyncExitStack() as stack:
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
            again = list(said)
            assert second.ads.statistics().resources_sent == 0
    return {"start": start, "change": at_change, "reconnect": again}


@pytest.mark.parametrize("change", CHANGES)
async def test_fleet_client_says_what_envoy_says(tmp_path, monkeypatch, change):
    spoken = await converse(real, CHANGES[change], tmp_path / "real", monkeypatch)
    imitated = await converse(imitation, CHANGES[change], tmp_path / "imitation", monkeypatch)
    assert imitated == spoken
    assert len(spoken["start"]) >= 8
