"""A client's Envoy, a server's Envoy and a gateway's in one `loopback_net`, configured over real ADS.

A test says what the parts of each are; this serves the model that the builders make of them, over a Unix
socket, and starts the Envoys with certificates of a real CA.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import msgspec
from tests.kit.envoy_process import ads_bootstrap
from tests.kit.loopback_net import MARK, LoopbackNet, loopback_net
from tests.kit.workload_credentials import Credentials, new_issuer, write_credentials

from convoy.ca.issuers import Intermediate
from convoy.kit.latest import LatestValue
from convoy.mesh.model import MeshSnapshot
from convoy.xds.cache.consistency import find_inconsistencies
from convoy.xds.cache.memo import Memo
from convoy.xds.cache.resources import ProxyResources, ResourceSet, XdsModel
from convoy.xds.cache.views import build_model
from convoy.xds.server.ads import AdsServer
from convoy.xds.server.status import NACKED, STALE, SYNCED

# Envoys share the namespace, so each leaves out the listener to which another one's traffic is led.
_LISTENS_NOT = {"client": "virtualInbound", "server": "virtualOutbound"}


class UnixSocketTrust:
    """ADS security for tests: who reaches the socket in the test's folder is believed."""

    def listen(self, server: grpc.aio.Server, address: str) -> int:
        server.add_insecure_port(address)
        return 0

    def refusal(self, expected: str, context: Any) -> str | None:
        return None


class LoopbackMesh:
    """The namespace, and what its Envoys are served."""

    def __init__(self, net: LoopbackNet, folder: Path) -> None:
        self.net = net
        self.folder = folder
        self.issuer = new_issuer()
        self._models: LatestValue[XdsModel] = LatestValue()
        self._memos: dict[str, Memo] = {}
        self._model = XdsModel(0, {}, {})
        self.ads = AdsServer(self._models, security=UnixSocketTrust(), address=f"unix:{folder}/ads.sock")

    def identify(self, name: str, identity: str, issuer: Intermediate | None = None) -> Credentials:
        """Give a proxy, or a client without one, a certificate."""
        return write_credentials(self.folder / name, identity, issuer or self.issuer)

    def serve(self, name: str, snapshot: MeshSnapshot) -> None:
        """Replace what the proxy `<name>.default` is served."""
        memo = self._memos.setdefault(name, Memo(checks=True))
        built = build_model(snapshot, self._model, memo, sds_folder=str(self.folder / name / "sds"))
        proxy = _without(built.proxies[f"{name}.default"], _LISTENS_NOT.get(name, ""))
        findings = find_inconsistencies(proxy)
        assert findings.is_servable, findings
        self._model = msgspec.structs.replace(
            self._model,
            number=self._model.number + 1,
            proxies={**self._model.proxies, f"{name}.default": proxy},
            identities={**self._model.identities, **built.identities},
        )
        self._models.set(self._model)

    @property
    def is_offered(self) -> bool:
        """Whether every proxy was offered what was served last."""
        return self.ads.statistics().model_number == self._model.number

    async def start_envoy(self, name: str) -> None:
        """Start the Envoy of a proxy and wait until it has taken everything it is served."""
        bootstrap = ads_bootstrap(0, node_id=f"sidecar~127.0.0.1~{name}.default~default.svc.cluster.local")
        ads_cluster = bootstrap["static_resources"]["clusters"][0]
        endpoint = ads_cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
        endpoint["address"] = {"pipe": {"path": f"{self.folder}/ads.sock"}}
        bootstrap["cluster_manager"] = {"upstream_bind_config": {"socket_options": [_mark()]}}
        await self.net.start_envoy(bootstrap, self.folder / name)
        await self.wait_taken(name)

    async def wait_taken(self, name: str) -> None:
        """Wait until a proxy has acknowledged what it is served; AssertionError when it refuses."""
        while True:
            for status in self.ads.proxy_status():
                if status.proxy == f"{name}.default":
                    states = {kind.short_name: kind.state for kind in status.types}
                    assert NACKED not in states.values(), status
                    if states["LDS"] == SYNCED and STALE not in states.values():
                        return
            await asyncio.sleep(0.02)

    async def admin(self, name: str, path: str) -> str:
        """What a proxy's admin interface says."""
        said: str = await self.net.call("admin_get", folder=str(self.folder / name), path=path)
        return said


@contextlib.asynccontextmanager
async def mesh_on_loopback(folder: Path) -> AsyncIterator[LoopbackMesh]:
    """Run the namespace and the ADS server."""
    async with loopback_net() as net:
        mesh = LoopbackMesh(net, folder)
        task = asyncio.create_task(mesh.ads.serve())
        try:
            await mesh.ads.wait_listening()
            yield mesh
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def client_tls(
    credentials: Credentials | None, *, alpn: list[str], sni: str = "any.example"
) -> Mapping[str, Any]:
    """How a client without a proxy speaks TLS; without credentials it has no certificate."""
    files = {"key": str(credentials.key_file), "chain": str(credentials.chain_file)} if credentials else {}
    return {"sni": sni, "alpn": alpn, **files}


def _without(proxy: ProxyResources, listener: str) -> ProxyResources:
    kept = ResourceSet(resource for name, resource in proxy.listeners.items() if name != listener)
    return msgspec.structs.replace(proxy, listeners=kept)


def _mark() -> dict[str, Any]:
    return {"level": 1, "name": 36, "int_value": MARK, "state": "STATE_PREBIND"}
