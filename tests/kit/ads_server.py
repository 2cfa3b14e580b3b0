"""An ADS server for tests: on loopback, with a model that the test replaces."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from tests.kit.waiting import until

from convoy.kit.latest import LatestValue
from convoy.xds.cache.resources import ProxyResources, XdsModel
from convoy.xds.server.ads import AdsServer
from convoy.xds.server.budget import Budget
from convoy.xds.server.security import Security, TrustedLoopback

IDENTITY = "spiffe://cluster.local/ns/default/sa/app"
NODE_ID = "sidecar~127.0.0.1~app.default~default.svc.cluster.local"
PROXY = "app.default"


class ServedModel:
    """A server and the model it serves."""

    def __init__(self, ads: AdsServer, models: LatestValue[XdsModel], port: int) -> None:
        self.ads = ads
        self.port = port
        self._models = models

    def serve(self, resources: ProxyResources, **others: ProxyResources) -> None:
        """Replace the model: `resources` for the proxy `app.default`, others by pod name."""
        proxies = {PROXY: resources, **{f"{name}.default": r for name, r in others.items()}}
        self.set_model(XdsModel(self._models.number + 1, proxies, dict.fromkeys(proxies, IDENTITY)))

    def set_model(self, model: XdsModel) -> None:
        self._models.set(model)

    def state(self, short_name: str, proxy: str = PROXY) -> Any:
        """The status of one type of a proxy; LookupError while it is not connected."""
        for status in self.ads.proxy_status():
            if status.proxy == proxy:
                return next(t for t in status.types if t.short_name == short_name)
        raise LookupError(f"{proxy} is not connected")

    async def wait_state(self, state: str, *short_names: str, proxy: str = PROXY) -> None:
        """Wait until types of a proxy are in a state, by the newest model."""
        await until(lambda: self.ads.statistics().model_number == self._models.get_nowait().number, every=0)

        def all_are_in_it() -> bool:
            with contextlib.suppress(LookupError):
                return all(self.state(name, proxy).state == state for name in short_names)
            return False

        await until(all_are_in_it, every=0.01)


@contextlib.asynccontextmanager
async def serving(
    resources: ProxyResources | None = None,
    *,
    port: int = 0,
    security: Security | None = None,
    writing: Budget | None = None,
) -> AsyncIterator[ServedModel]:
    """Run an ADS server; without resources it has no model yet."""
    models: LatestValue[XdsModel] = LatestValue()
    ads = AdsServer(
        models, security=security or TrustedLoopback(), address=f"127.0.0.1:{port}", writing=writing
    )
    task = asyncio.create_task(ads.serve())
    listening = asyncio.create_task(ads.wait_listening())
    try:
        await asyncio.wait({task, listening}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        served = ServedModel(ads, models, await listening)
        if resources is not None:
            served.serve(resources)
        yield served
    finally:
        listening.cancel()
        task.cancel()
        await asyncio.gather(task, listening, return_exceptions=True)
