"""Changes reach a real Envoy in an order that costs no request and no warming time."""

import asyncio
import contextlib
import functools

import aiohttp
import pytest
from aiohttp import web
from tests.kit.ads import resources
from tests.kit.ads_server import NODE_ID, serving
from tests.kit.envoy_process import ads_bootstrap, running_envoy
from tests.kit.http_config import (
    eds_cluster,
    endpoints,
    http_listener,
    http_route,
    invalid_cluster,
    refused_cluster,
)
from tests.kit.waiting import until

pytestmark = pytest.mark.envoy

ALL_TYPES = ("CDS", "EDS", "LDS", "RDS")


@contextlib.asynccontextmanager
async def application(answer):
    """An HTTP server that answers with a word; gives its port."""

    async def handle(_request):
        return web.Response(text=answer)

    app = web.Application()
    app.router.add_get("/", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield site._server.sockets[0].getsockname()[1]
    finally:
        await runner.cleanup()


def whole(port, *, cluster="backend", timeout="1s", more=()):
    return resources(
        [eds_cluster(cluster, connect_timeout=timeout), *more],
        [endpoints(cluster, port)],
        [http_listener("in", route="80")],
        [http_route("80", cluster)],
    )


async def get(session, port):
    async with session.get(f"http://127.0.0.1:{port}/") as answer:
        return answer.status, await answer.text()


@pytest.mark.parametrize("api_type", ["DELTA_GRPC", "GRPC"])
async def test_envoy_loads_every_type_and_serves(tmp_path, api_type):
    async with (
        application("hello") as app,
        serving(whole(app)) as served,
        running_envoy(ads_bootstrap(served.port, node_id=NODE_ID, api_type=api_type), tmp_path) as envoy,
        aiohttp.ClientSession() as session,
    ):
        await served.wait_state("SYNCED", *ALL_TYPES)
        assert await get(session, await envoy.listener_port("in")) == (200, "hello")
        assert served.ads.statistics().nacks == 0


@pytest.mark.parametrize("api_type", ["DELTA_GRPC", "GRPC"])
async def test_nothing_is_sent_before_the_first_model(tmp_path, api_type):
    async with (
        serving() as served,
        running_envoy(ads_bootstrap(served.port, node_id=NODE_ID, api_type=api_type), tmp_path) as envoy,
    ):
        await envoy.wait_stat("cluster.xds-grpc.upstream_rq_active", 1)
        assert served.ads.statistics().responses == 0
        served.serve(whole(1))
        await served.wait_state("SYNCED", *ALL_TYPES)
        assert await envoy.stat("cluster_manager.cds.update_success") == 1


@pytest.mark.parametrize("api_type", ["DELTA_GRPC", "GRPC"])
async def test_changed_cluster_does_not_stay_warming(tmp_path, api_type):
    async with (
        application("hello") as app,
        serving(whole(app)) as served,
        running_envoy(ads_bootstrap(served.port, node_id=NODE_ID, api_type=api_type), tmp_path) as envoy,
    ):
        await served.wait_state("SYNCED", *ALL_TYPES)
        fetch_timeouts = await envoy.stat("cluster.backend.init_fetch_timeout")
        served.serve(whole(app, timeout="2s"))
        await served.wait_state("SYNCED", *ALL_TYPES)
        assert await envoy.stat("cluster_manager.warming_clusters") == 0
        assert await envoy.stat("cluster.backend.init_fetch_timeout") == fetch_timeouts
        active = await envoy.dump("dynamic_active_clusters")
        assert [c["cluster"]["connect_timeout"] for c in active] == ["2s"]


@pytest.mark.parametrize("api_type", ["DELTA_GRPC", "GRPC"])
async def test_cluster_without_assignment_does_not_hold_envoy_back(tmp_path, api_type):
    async with (
        serving(resources([eds_cluster("lonely")])) as served,
        running_envoy(ads_bootstrap(served.port, node_id=NODE_ID, api_type=api_type), tmp_path) as envoy,
    ):
        await served.wait_state("SYNCED", "CDS", "EDS", "LDS")
        assert await envoy.stat("cluster.lonely.init_fetch_timeout") == 0
        assert await envoy.stat("cluster_manager.active_clusters") == 2


async def test_moving_a_route_to_a_new_cluster_fails_no_request(tmp_path):
    async with (
        application("one") as one,
        application("two") as two,
        serving(whole(one, cluster="first")) as served,
        running_envoy(ads_bootstrap(served.port, node_id=NODE_ID), tmp_path) as envoy,
        aiohttp.ClientSession() as session,
    ):
        await served.wait_state("SYNCED", *ALL_TYPES)
        port = await envoy.listener_port("in")
        answers = []
        done = asyncio.Event()

        async def ask():
            while not done.is_set():
                answers.append(await get(session, port))

        asking = asyncio.create_task(ask())
        for _ in range(10):
            for cluster, app, text in (("second", two, "two"), ("first", one, "one")):
                served.serve(whole(app, cluster=cluster))
                await served.wait_state("SYNCED", *ALL_TYPES)
                await until(functools.partial(lambda last: answers[-1:] == [last], (200, text)))
        done.set()
        await asking
        assert {status for status, _ in answers} == {200}
        assert await envoy.stat("cluster_manager.active_clusters") == 2


async def test_reconnect_with_the_same_model_sends_nothing_and_keeps_connections(tmp_path):
    async with application("hello") as app, contextlib.AsyncExitStack() as stack:
        async with serving(whole(app)) as first:
            port = first.port
            envoy = await stack.enter_async_context(
                running_envoy(ads_bootstrap(port, node_id=NODE_ID), tmp_path)
            )
            session = await stack.enter_async_context(aiohttp.ClientSession())
            await first.wait_state("SYNCED", *ALL_TYPES)
            listener = await envoy.listener_port("in")
            assert await get(session, listener) == (200, "hello")
        assert await get(session, listener) == (200, "hello")
        async with serving(whole(app), port=port) as second:
            await second.wait_state("SYNCED", *ALL_TYPES)
            second.serve(whole(app))
            assert await get(session, listener) == (200, "hello")
            statistics = second.ads.statistics()
            assert (statistics.resources_sent, statistics.removals_sent) == (0, 0)
            assert await envoy.stat("http.http.downstream_cx_total") == 1
            assert await envoy.stat("cluster.backend.upstream_cx_total") == 1


async def test_reconnect_after_a_change_sends_only_the_change(tmp_path):
    async with application("hello") as app, contextlib.AsyncExitStack() as stack:
        async with serving(whole(app, more=[eds_cluster("leaving")])) as first:
            port = first.port
            envoy = await stack.enter_async_context(
                running_envoy(ads_bootstrap(port, node_id=NODE_ID), tmp_path)
            )
            await first.wait_state("SYNCED", *ALL_TYPES)
            assert await envoy.stat("cluster_manager.active_clusters") == 3
        async with serving(whole(app, more=[eds_cluster("coming")]), port=port) as second:
            await envoy.wait_stat("cluster_manager.cluster_removed", 1)
            await second.wait_state("SYNCED", *ALL_TYPES)
            assert second.ads.statistics().resources_sent == 1
            assert await envoy.stat("cluster_manager.active_clusters") == 3


async def test_cluster_that_was_changed_before_a_reconnect_warms(tmp_path):
    async with application("hello") as app, contextlib.AsyncExitStack() as stack:
        async with serving(whole(app)) as first:
            port = first.port
            await stack.enter_async_context(running_envoy(ads_bootstrap(port, node_id=NODE_ID), tmp_path))
            await first.wait_state("SYNCED", *ALL_TYPES)
        async with serving(whole(app, timeout="2s"), port=port) as second:
            await second.wait_state("SYNCED", *ALL_TYPES)
            assert second.ads.statistics().resources_sent == 2  # the cluster, and the assignment it warms by


@pytest.mark.parametrize("bad", [refused_cluster("bad"), invalid_cluster("bad")], ids=["refused", "invalid"])
async def test_one_bad_cluster_costs_only_itself(tmp_path, bad):
    async with (
        application("hello") as app,
        serving(whole(app, more=[bad])) as served,
        running_envoy(ads_bootstrap(served.port, node_id=NODE_ID), tmp_path) as envoy,
        aiohttp.ClientSession() as session,
    ):
        await served.wait_state("SYNCED", "EDS", "LDS", "RDS")
        assert await get(session, await envoy.listener_port("in")) == (200, "hello")
        await served.wait_state("NACKED", "CDS")
        status = served.state("CDS")
        assert [r.name for r in status.rejected] == ["bad"]
        assert status.rejected[0].detail
        rejections = await envoy.stat("cluster_manager.cds.update_rejected")

        served.serve(whole(app, timeout="2s", more=[bad, eds_cluster("more")]))
        await envoy.wait_stat("cluster_manager.active_clusters", 3)
        await served.wait_state("SYNCED", "EDS", "LDS", "RDS")
        assert await envoy.stat("cluster_manager.cds.update_rejected") == rejections, "it was sent again"

        served.serve(whole(app, timeout="2s", more=[eds_cluster("bad"), eds_cluster("more")]))
        await served.wait_state("SYNCED", *ALL_TYPES)
        assert await envoy.stat("cluster_manager.active_clusters") == 4
