"""The loop that keeps EndpointSlices and Endpoints of Services with a selector."""

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

from convoy.cluster.controllers.controller import Controller, Surroundings
from convoy.cluster.controllers.endpoints.addresses import (
    ZONE,
    Address,
    addresses_of,
    pod_facts,
    publishes_not_ready,
    selector_of,
    selects,
    zones_of,
)
from convoy.cluster.controllers.endpoints.slices import (
    MANAGED_BY,
    SERVICE_NAME,
    SlicePlan,
    group_addresses,
    plan_slices,
    service_stamp,
)
from convoy.cluster.controllers.endpoints.subsets import (
    MANAGED_BY as ENDPOINTS_MANAGED_BY,
)
from convoy.cluster.controllers.endpoints.subsets import build_endpoints, is_same_endpoints
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.objects import Json, is_deleting, labels_of, name_of
from convoy.cluster.controllers.pods import PODS
from convoy.cluster.store import Event, Key

SERVICES = "services"
ENDPOINTS = "endpoints"
SLICES = "discovery.k8s.io/endpointslices"
NODES = "nodes"
MANAGER = "endpointslice-controller.k8s.io"


class SliceKeeper(Controller):
    """A controller that keeps EndpointSlices under one manager's name."""

    manager: ClassVar[str] = ""

    def slices_of(self, key: Key) -> list[Json]:
        """The slices of a Service that are this controller's to keep."""
        wanted = {SERVICE_NAME: key.name, MANAGED_BY: self.manager}.items()
        everything = self.client.list(SLICES, key.namespace)
        return [each for each in everything if wanted <= labels_of(each).items() and not is_deleting(each)]

    async def apply(self, plan: SlicePlan) -> None:
        """Carry out a plan: endpoints are added before they are taken away elsewhere."""
        for new in plan.create:
            await self.client.create(SLICES, new)
        for changed in plan.update:
            await self.client.modify(SLICES, changed, partial(_replace_content, changed))
        for old in plan.delete:
            await self.client.delete(SLICES, old)

    def add_of_slice(self, event: Event) -> None:
        """A handler: add the Service of a slice of ours."""
        for stored in (event.stored, event.previous):
            labels = labels_of(stored.object) if stored else {}
            if labels.get(MANAGED_BY) == self.manager and SERVICE_NAME in labels:
                self.queue.add(Key(event.stored.key.namespace, labels[SERVICE_NAME]))


def _replace_content(changed: Json, current: Json) -> Json:
    current["endpoints"] = changed["endpoints"]
    for field in ("labels", "annotations", "ownerReferences"):
        if field in changed["metadata"]:
            current["metadata"][field] = changed["metadata"][field]
    return current


class EndpointsController(SliceKeeper):
    """EndpointSlices and Endpoints, made of one reading of the pods."""

    name = "endpoint-controller"
    manager = MANAGER

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._deleted: set[Key] = set()  # Services that were deleted just now

    def follow(self, feed: Feed) -> None:
        """Services, pods, zones of nodes, and what others do to the results."""
        feed.on(SERVICES, self._add_service)
        feed.on(PODS, self._add_of_pod)
        feed.on(NODES, self._add_all)
        feed.on(SLICES, self.add_of_slice)
        feed.on(ENDPOINTS, self.add_own)

    def _add_service(self, event: Event) -> None:
        if event.type == "DELETED":
            self._deleted.add(event.stored.key)
        self.queue.add(event.stored.key)

    def _add_of_pod(self, event: Event) -> None:
        pod = event.stored.object
        labels = [labels_of(pod)]
        if event.previous is not None and event.type == "MODIFIED":
            if pod_facts(event.previous.object) == pod_facts(pod):
                return
            labels.append(labels_of(event.previous.object))
        for service in self.client.list(SERVICES, event.stored.key.namespace):
            if any(selects(service, each) for each in labels):
                self.queue.add(self.key(service))

    def _add_all(self, event: Event) -> None:
        before = labels_of(event.previous.object).get(ZONE) if event.previous else None
        if labels_of(event.stored.object).get(ZONE) != before:
            for service in self.client.list(SERVICES):
                self.queue.add(self.key(service))

    async def sync(self, key: Key) -> float | None:
        """Bring a Service's slices, then its Endpoints, up to date."""
        service = self.client.get(SERVICES, key.namespace, key.name)
        if service is None:
            await self._forget(key)
            return None
        self._deleted.discard(key)
        if is_deleting(service) or not selector_of(service):
            return None
        addresses = addresses_of(service, self.client.list(PODS, key.namespace), self._zones())
        groups = group_addresses(addresses)
        await self.apply(plan_slices(groups, self.slices_of(key), service_stamp(service, self.manager)))
        await self._keep_endpoints(service, addresses)
        return None

    def _zones(self) -> Mapping[str, str]:
        return zones_of(self.client.list(NODES))

    async def _keep_endpoints(self, service: Json, addresses: list[Address]) -> None:
        wanted = build_endpoints(service, addresses, publishes_not_ready=publishes_not_ready(service))
        existing = self.client.get(ENDPOINTS, wanted["metadata"]["namespace"], name_of(service))
        if existing is None:
            await self.client.create(ENDPOINTS, wanted)
        elif not is_same_endpoints(existing, wanted):
            await self.client.modify(ENDPOINTS, existing, partial(_replace_subsets, wanted))

    async def _forget(self, key: Key) -> None:
        """Endpoints have no owner, so they go here; those a person made before the Service stay."""
        left = self.client.get(ENDPOINTS, key.namespace, key.name)
        if left is not None and (key in self._deleted or ENDPOINTS_MANAGED_BY in labels_of(left)):
            await self.client.delete(ENDPOINTS, left)
        self._deleted.discard(key)


def _replace_subsets(wanted: Json, current: Json) -> Json:
    current["subsets"] = wanted.get("subsets") or []
    current["metadata"]["labels"] = wanted["metadata"]["labels"]
    if "annotations" in wanted["metadata"]:
        current["metadata"]["annotations"] = wanted["metadata"]["annotations"]
    else:
        current["metadata"].pop("annotations", None)
    return current
