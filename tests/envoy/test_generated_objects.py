"""Any valid objects together are configuration that real Envoys take over ADS: a sidecar, and a gateway."""

import asyncio
import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from tests.kit.envoy_validation import refusal
from tests.kit.generated.values import Json, manifest
from tests.kit.generated.world import GATE, SIDECAR, batches, read_world, resolve_world, write_certificates
from tests.kit.mesh_on_loopback import LoopbackMesh, mesh_on_loopback
from tests.kit.parts import REVIEWS
from tests.kit.workload_credentials import new_issuer, write_credentials

from convoy.mesh.model import MeshSnapshot
from convoy.xds.cache.memo import Memo
from convoy.xds.cache.views import build_model
from convoy.xds.server.status import NACKED, STALE, ProxyStatus

pytestmark = pytest.mark.envoy

_SCALE = max(1, int(os.environ.get("CONVOY_SOAK_SECONDS", "0")) // 4)
_PATIENCE = 10.0
_VERSION = "networking.istio.io/v1"


@pytest.mark.parametrize("proxy", [SIDECAR, GATE])
def test_envoy_takes_whatever_valid_objects_say(proxy: str, tmp_path: Path) -> None:
    write_certificates(tmp_path)
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        mesh = runner.run(stack.enter_async_context(mesh_on_loopback(tmp_path)))
        try:
            runner.run(_start(mesh, proxy))

            @_exploring(30)
            @given(batches())
            def check(batch: list[Json]) -> None:
                snapshot = resolve_world(read_world(filter(_asks_no_dns, batch), tmp_path))
                assert runner.run(_refusals(mesh, proxy, snapshot)) == []

            check()
        finally:
            runner.run(stack.aclose())


def test_listeners_may_be_bound_at_some_times_and_captured_at_others(tmp_path: Path) -> None:
    egress = [{"port": {"number": 9080, "name": "http", "protocol": "HTTP"}, "hosts": ["./*"]}]
    bound = [{**egress[0], "captureMode": "NONE", "bind": "0.0.0.0"}]
    listed = [[manifest("Sidecar", _VERSION, {"egress": each})] for each in (egress, bound)]
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        mesh = runner.run(stack.enter_async_context(mesh_on_loopback(tmp_path)))
        try:
            runner.run(_start(mesh, SIDECAR))
            for batch in (*listed, [], *listed[::-1], []):
                assert runner.run(_refusals(mesh, SIDECAR, resolve_world(read_world(batch)))) == []
        finally:
            runner.run(stack.aclose())


def _asks_no_dns(obj: Json) -> bool:
    """Envoy acknowledges no clusters before their names were looked up, and here nobody answers."""
    return obj["spec"].get("resolution") not in ("DNS", "DNS_ROUND_ROBIN")


@pytest.mark.parametrize("proxy", [SIDECAR, GATE])
def test_envoy_would_take_what_valid_entries_with_names_say(proxy: str, tmp_path: Path) -> None:
    write_certificates(tmp_path)
    sds = write_credentials(tmp_path, REVIEWS, new_issuer()).sds_folder

    @_exploring(4)
    @given(batches(("ServiceEntry", "DestinationRule", "VirtualService"), most=40))
    def check(batch: list[Json]) -> None:
        snapshot = resolve_world(read_world(batch, tmp_path))
        model = build_model(snapshot, None, Memo(), sds_folder=str(sds))
        assert asyncio.run(refusal(model.proxies[proxy], tmp_path)) == ""

    check()


def _exploring(count: int) -> settings:
    return settings(max_examples=count * _SCALE, deadline=None, suppress_health_check=list(HealthCheck))


async def _start(mesh: LoopbackMesh, proxy: str) -> None:
    """The proxy's Envoy, with nothing but the fixed objects."""
    name = proxy.partition(".")[0]
    snapshot = resolve_world(read_world([]))
    mesh.identify(name, f"spiffe://cluster.local/ns/default/sa/{name}")
    mesh.serve(name, snapshot)
    await mesh.start_envoy(name)


async def _refusals(mesh: LoopbackMesh, proxy: str, snapshot: MeshSnapshot) -> list[str]:
    """What the proxy's Envoy says against what it is served of this."""
    mesh.serve(proxy.partition(".")[0], snapshot)
    async with asyncio.timeout(_PATIENCE):
        while True:
            status = _status(mesh, proxy)
            states = {kind.state for kind in status.types} if status else {STALE}
            if mesh.is_offered and NACKED in states and status:
                return [f"{each.name}: {each.detail}" for kind in status.types for each in kind.rejected]
            if mesh.is_offered and STALE not in states:
                return []
            await asyncio.sleep(0.01)


def _status(mesh: LoopbackMesh, proxy: str) -> ProxyStatus | None:
    return next((each for each in mesh.ads.proxy_status() if each.proxy == proxy), None)
