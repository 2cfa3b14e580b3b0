"""The loop that gives claims their volumes, and holds claims back that pods still use."""

import asyncio
from functools import partial

from convoy.cluster.controllers.clients import CONFLICT
from convoy.cluster.controllers.controller import Controller
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.objects import (
    Json,
    finalizers_of,
    is_deleting,
    name_of,
    namespace_of,
    spec_of,
    status_of,
    uid_of,
)
from convoy.cluster.controllers.pods import PODS, is_finished
from convoy.cluster.controllers.volumes.plan import (
    CLAIM_PROTECTION,
    Bind,
    Provision,
    bound_claim,
    build_volume,
    claim_reference,
    claim_status,
    claims_of_pod,
    is_reserved_for,
    plan_claim,
)
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.store import Event, Key

CLAIMS = "persistentvolumeclaims"
VOLUMES = "persistentvolumes"
CLASSES = "storage.k8s.io/storageclasses"


class ClaimController(Controller):
    """Binds claims."""

    name = "persistentvolume-controller"

    def follow(self, feed: Feed) -> None:
        """Claims; volumes and classes that some may wait for; pods that ended."""
        feed.on(CLAIMS, self.add_own)
        feed.on(VOLUMES, self._add_of_volume)
        feed.on(CLASSES, lambda event: self._add_waiting())
        feed.on(PODS, self._add_of_pod)

    def _add_of_volume(self, event: Event) -> None:
        ref = spec_of(event.stored.object).get("claimRef")
        if ref:
            self.queue.add(Key(ref.get("namespace") or "", ref.get("name") or ""))
        elif event.type != "DELETED":
            self._add_waiting()

    def _add_waiting(self) -> None:
        for claim in self.client.list(CLAIMS):
            if status_of(claim).get("phase") != "Bound":
                self.queue.add(self.key(claim))

    def _add_of_pod(self, event: Event) -> None:
        if event.type == "DELETED" or is_finished(event.stored.object):
            for name in claims_of_pod(event.stored.object):
                self.queue.add(Key(event.stored.key.namespace, name))

    async def sync(self, key: Key) -> float | None:
        """Bind a claim, or say why not; let one go that is deleted and no longer used."""
        claim = self.client.get(CLAIMS, key.namespace, key.name)
        if claim is None:
            return None
        if is_deleting(claim):
            await self._let_go(claim)
            return None
        if CLAIM_PROTECTION not in finalizers_of(claim):
            claim = await self.client.modify(CLAIMS, claim, _with_protection)
        if claim is not None:
            await self._keep_bound(claim)
        return None

    async def _let_go(self, claim: Json) -> None:
        if CLAIM_PROTECTION not in finalizers_of(claim) or self._is_used(claim):
            return
        await self.client.modify(CLAIMS, claim, _without_protection)

    def _is_used(self, claim: Json) -> bool:
        pods = self.client.list(PODS, namespace_of(claim))
        return any(name_of(claim) in claims_of_pod(pod) for pod in pods if not is_finished(pod))

    async def _keep_bound(self, claim: Json) -> None:
        volume = self.client.get(VOLUMES, "", spec_of(claim).get("volumeName") or "")
        ref = spec_of(volume).get("claimRef") if volume is not None else None
        if volume is not None and ref and ref.get("uid") == uid_of(claim):
            await self._bind(claim, volume)
        elif status_of(claim).get("phase") in ("Bound", "Lost"):
            await self._lose(claim)
        else:
            await self._find(claim)

    async def _lose(self, claim: Json) -> None:
        if status_of(claim).get("phase") != "Lost":
            text = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
            self.record(claim, "Warning", "ClaimLost", text)
            await self.client.set_status(CLAIMS, claim, {**status_of(claim), "phase": "Lost"})

    async def _find(self, claim: Json) -> None:
        folder = self.around.settings.volumes
        decision = plan_claim(
            claim, self.client.list(VOLUMES), self.client.list(CLASSES), can_provision=folder is not None
        )
        if isinstance(decision, Bind):
            await self._bind(claim, decision.volume)
        elif isinstance(decision, Provision):
            await self._provision(claim, decision.storage_class)
        else:
            self.record(claim, decision.kind, decision.reason, decision.message)
            if status_of(claim).get("phase") != "Pending":
                await self.client.set_status(CLAIMS, claim, {**status_of(claim), "phase": "Pending"})

    async def _provision(self, claim: Json, storage_class: Json) -> None:
        folder = self.around.settings.volumes
        assert folder is not None
        volume = build_volume(claim, storage_class, folder)
        path = folder / volume["metadata"]["name"]
        await asyncio.to_thread(path.mkdir, mode=0o700, parents=True, exist_ok=True)
        try:
            made = await self.client.create(VOLUMES, volume)
        except StatusError as error:
            if error.code != CONFLICT:
                self.record(claim, "Warning", "ProvisioningFailed", error.message)
                raise
            return  # made by an earlier look; its event comes
        text = f"Successfully provisioned volume {name_of(made)}"
        self.record(claim, "Normal", "ProvisioningSucceeded", text)
        await self._bind(claim, made)

    async def _bind(self, claim: Json, volume: Json) -> None:
        """First the volume, which can have one claim only, then the claim."""
        taken = await self.client.modify(VOLUMES, volume, partial(_with_claim, claim))
        if taken is None or (spec_of(taken).get("claimRef") or {}).get("uid") != uid_of(claim):
            self.queue.add(self.key(claim))  # another claim was faster
            return
        await self.client.set_status(VOLUMES, taken, {**status_of(taken), "phase": "Bound"})
        if spec_of(claim).get("volumeName") != name_of(taken):
            bound = await self.client.modify(CLAIMS, claim, lambda current: bound_claim(current, taken))
            if bound is None:
                return
            claim = bound
        await self.client.set_status(CLAIMS, claim, {**status_of(claim), **claim_status(taken)})


def _with_claim(claim: Json, volume: Json) -> Json | None:
    ref = spec_of(volume).get("claimRef")
    if ref and (not is_reserved_for(ref, claim) or ref.get("uid")):
        return None
    volume["spec"]["claimRef"] = claim_reference(claim)
    return volume


def _with_protection(obj: Json) -> Json:
    obj["metadata"]["finalizers"] = [*finalizers_of(obj), CLAIM_PROTECTION]
    return obj


def _without_protection(obj: Json) -> Json:
    obj["metadata"]["finalizers"] = [each for each in finalizers_of(obj) if each != CLAIM_PROTECTION]
    return obj
