"""The objects of a resource as they are now, for writers that must know what is there before they write."""

import asyncio
from typing import Any

from convoy.config.errors import KubeError
from convoy.config.kube.client import KubeClient
from convoy.config.kube.following import Relisted, follow
from convoy.config.kube.listings import ALL, Selection
from convoy.config.kube.resources import KubeResource
from convoy.kit.clock import SYSTEM_CLOCK, Clock

Json = dict[str, Any]

_ABSENCE = 5.0


class Followed:
    """`objects` by (namespace, name), None until they were listed; `changed` is set when they differ."""

    def __init__(
        self,
        client: KubeClient,
        resource: KubeResource,
        changed: asyncio.Event,
        *,
        selection: Selection = ALL,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.resource = resource
        self._client, self._selection, self._changed, self._clock = client, selection, changed, clock
        self.objects: dict[tuple[str, str], Json] | None = None

    async def run(self) -> None:
        """Follow for ever, whatever fails."""
        while True:
            try:
                await self._follow()
            except KubeError:  # the resource does not exist: on a real cluster it will
                await self._clock.sleep(_ABSENCE)

    async def _follow(self) -> None:
        happenings = follow(self._client, self.resource, self._selection, clock=self._clock)
        objects: dict[tuple[str, str], Json] = {}
        async for happening in happenings:
            if isinstance(happening, Relisted):
                objects = {_key_of(item): item for item in happening.items}
            elif happening.type == "DELETED":
                objects.pop(_key_of(happening.object), None)
            else:
                objects[_key_of(happening.object)] = happening.object
            self.objects = objects
            self._changed.set()


def _key_of(item: Json) -> tuple[str, str]:
    metadata = item["metadata"]
    return metadata.get("namespace", ""), metadata["name"]
