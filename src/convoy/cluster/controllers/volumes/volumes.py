"""The loop that looks after volumes: free, released by their claim, removed with what is in them."""

import asyncio
import shutil
from functools import partial
from pathlib import Path

from convoy.cluster.controllers.bootstrap import PROVISIONER
from convoy.cluster.controllers.controller import Controller
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.objects import (
    Json,
    annotations_of,
    finalizers_of,
    is_deleting,
    name_of,
    spec_of,
    status_of,
    uid_of,
)
from convoy.cluster.controllers.volumes.claims import CLAIMS, VOLUMES
from convoy.cluster.controllers.volumes.plan import PROVISIONED_BY, VOLUME_PROTECTION
from convoy.cluster.store import Event, Key


class VolumeController(Controller):
    """Frees and removes volumes."""

    name = "persistentvolume-reclaimer"

    def follow(self, feed: Feed) -> None:
        """Volumes, and claims that went."""
        feed.on(VOLUMES, self.add_own)
        feed.on(CLAIMS, self._add_of_claim)

    def _add_of_claim(self, event: Event) -> None:
        if event.type == "DELETED" and (volume := spec_of(event.stored.object).get("volumeName")):
            self.queue.add(Key("", volume))

    async def sync(self, key: Key) -> float | None:
        """Tell a volume's phase; remove it when its claim is gone and the policy says so."""
        volume = self.client.get(VOLUMES, "", key.name)
        if volume is None:
            return None
        is_bound = self._is_bound(volume)
        if is_deleting(volume):
            if not is_bound:
                await self._let_go(volume)
            return None
        ref = spec_of(volume).get("claimRef")
        if not ref or not ref.get("uid"):
            await self._tell(volume, "Available")
        elif not is_bound:
            await self._reclaim(volume)
        elif VOLUME_PROTECTION not in finalizers_of(volume):
            await self.client.modify(VOLUMES, volume, _with_protection)
        return None

    def _is_bound(self, volume: Json) -> bool:
        ref = spec_of(volume).get("claimRef") or {}
        claim = self.client.get(CLAIMS, ref.get("namespace") or "", ref.get("name") or "")
        return claim is not None and uid_of(claim) == ref.get("uid")

    async def _tell(self, volume: Json, phase: str) -> None:
        await self.client.set_status(VOLUMES, volume, {**status_of(volume), "phase": phase})

    async def _reclaim(self, volume: Json) -> None:
        await self._tell(volume, "Released")
        if spec_of(volume).get("persistentVolumeReclaimPolicy") != "Delete":
            return
        path = own_folder(volume, self.around.settings.volumes)
        if path is None:
            text = "the embedded cluster deletes only volumes that it made itself"
            self.record(volume, "Warning", "VolumeFailedDelete", text)
            return
        await asyncio.to_thread(partial(shutil.rmtree, path, ignore_errors=True))
        await self.client.delete(VOLUMES, volume)

    async def _let_go(self, volume: Json) -> None:
        if VOLUME_PROTECTION in finalizers_of(volume):
            await self.client.modify(VOLUMES, volume, _without_protection)


def own_folder(volume: Json, folder: Path | None) -> Path | None:
    """The folder of a volume that was made here; None for any other path, which is not ours to remove."""
    path = (spec_of(volume).get("hostPath") or {}).get("path")
    is_ours = annotations_of(volume).get(PROVISIONED_BY) == PROVISIONER
    if folder is None or not is_ours or path != str(folder / name_of(volume)):
        return None
    return folder / name_of(volume)


def _with_protection(obj: Json) -> Json:
    obj["metadata"]["finalizers"] = [*finalizers_of(obj), VOLUME_PROTECTION]
    return obj


def _without_protection(obj: Json) -> Json:
    obj["metadata"]["finalizers"] = [each for each in finalizers_of(obj) if each != VOLUME_PROTECTION]
    return obj
