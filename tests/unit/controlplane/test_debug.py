"""Facts about the debug HTTP, with a real ADS server behind it and a proxy that is connected."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import grpc
import msgspec
from envoy.service.discovery.v3 import discovery_pb2
from tests.unit.controlplane.conftest import Asked, serving_http

from convoy.api.meta import ClusterID
from convoy.controlplane.debug import DebugApi
from convoy.controlplane.offline import translate_folder
from convoy.controlplane.pipeline import Published
from convoy.kit.latest import LatestValue
from convoy.mesh.model import MeshSettings
from convoy.xds.cache.resources import CLUSTER, XdsModel
from convoy.xds.server.ads import SERVICE, AdsServer
from convoy.xds.server.security import TrustedLoopback

OBJECTS = """\
apiVersion: v1
kind: Pod
metadata: {name: app, labels: {sidecar.istio.io/inject: "true"}}
spec: {containers: [{name: app}]}
status: {podIP: 198.18.1.9, phase: Running}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: broken}
spec: {htp: []}
"""


class ControlPlane:
    """What the debug API looks at."""

    def __init__(self, folder: Path) -> None:
        (folder / "objects.yaml").write_text(OBJECTS)
        self.folder = folder
        self.published: LatestValue[Published] = LatestValue()
        self.models: LatestValue[XdsModel] = LatestValue()
        self.ads = AdsServer(self.models, security=TrustedLoopback(), address="127.0.0.1:0")

    def publish(self) -> None:
        state = translate_folder(self.folder, MeshSettings(cluster_id=ClusterID("cluster1")))
        self.published.set(state)
        self.models.set(state.model)

    @contextlib.asynccontextmanager
    async def debugging(self) -> AsyncIterator["Debugger"]:
        app = DebugApi(self.published, self.ads, is_ready=lambda: self.models.number > 0).app()
        async with serving_http(app) as port, aiohttp.ClientSession() as session:
            yield Debugger(port, session)

    @contextlib.asynccontextmanager
    async def connected_proxy(self) -> AsyncIterator[None]:
        """A stream of the pod `app`, which has asked for clusters and was answered."""
        serving = asyncio.create_task(self.ads.serve())
        try:
            address = f"127.0.0.1:{await self.ads.wait_listening()}"
            async with grpc.aio.insecure_channel(address) as channel:
                stream = channel.stream_stream(f"/{SERVICE}/DeltaAggregatedResources")()
                request = discovery_pb2.DeltaDiscoveryRequest(type_url=CLUSTER)
                request.node.id = "sidecar~198.18.1.9~app.default~default.svc.cluster.local"
                await stream.write(request.SerializeToString())
                await stream.read()
                yield
                stream.cancel()
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


class Debugger:
    """Asks the debug API."""

    def __init__(self, port: int, session: aiohttp.ClientSession) -> None:
        self._base, self._session = f"http://127.0.0.1:{port}", session

    async def ask(self, path: str, *, method: str = "GET") -> Asked:
        async with self._session.request(method, self._base + path) as answer:
            return Asked(answer.status, await answer.read())


async def test_it_is_ready_from_the_first_model_on(tmp_path: Path) -> None:
    plane = ControlPlane(tmp_path)
    async with plane.debugging() as debug:
        assert (await debug.ask("/ready")).status == 503
        plane.publish()
        assert (await debug.ask("/ready")).status == 200


async def test_before_the_first_view_everything_is_empty(tmp_path: Path) -> None:
    async with ControlPlane(tmp_path).debugging() as debug:
        assert (await debug.ask("/debug/problems")).body == b"[]"
        assert (await debug.ask("/debug/proxies")).body == b"[]"
        statistics = (await debug.ask("/debug/statistics")).json()
    assert (statistics["view"], statistics["models"]) == (0, 0)


async def test_problems_are_rows_with_their_places(tmp_path: Path) -> None:
    plane = ControlPlane(tmp_path)
    plane.publish()
    async with plane.debugging() as debug:
        rows = msgspec.json.decode((await debug.ask("/debug/problems")).body)
    found = [(row["file"], row["line"], row["kind"], row["name"], row["code"], row["level"]) for row in rows]
    assert found == [
        (str(tmp_path / "objects.yaml"), 10, "VirtualService", "broken", "CVY0102", "error")
    ]  # fmt: skip


async def test_connected_proxies_are_shown_with_their_state(tmp_path: Path) -> None:
    plane = ControlPlane(tmp_path)
    plane.publish()
    async with plane.debugging() as debug, plane.connected_proxy():
        (proxy,) = msgspec.json.decode((await debug.ask("/debug/proxies")).body)
        statistics = (await debug.ask("/debug/statistics")).json()
    assert (proxy["proxy"], proxy["protocol"]) == ("app.default", "delta")
    states = {each["short_name"]: each["state"] for each in proxy["types"]}
    assert states == {"CDS": "STALE", "EDS": "NOT SENT", "LDS": "NOT SENT", "RDS": "NOT SENT"}
    assert isinstance(statistics["ads"], dict)
    assert (statistics["ads"]["streams"], statistics["ads"]["responses"]) == (1, 1)


async def test_nothing_can_be_changed_through_it(tmp_path: Path) -> None:
    async with ControlPlane(tmp_path).debugging() as debug:
        for path in ("/ready", "/debug/proxies", "/debug/problems", "/debug/statistics"):
            assert (await debug.ask(path, method="POST")).status == 405
