"""EndpointSlices for Services without a selector, copied from the Endpoints that a person keeps.

https://kubernetes.io/docs/concepts/services-networking/service/#endpointslice-mirroring
"""

from convoy.cluster.controllers.endpoints.addresses import Port, selector_of
from convoy.cluster.controllers.endpoints.endpoints import ENDPOINTS, SERVICES, SLICES, SliceKeeper
from convoy.cluster.controllers.endpoints.slices import MANAGED_BY, SERVICE_NAME, Shape, Stamp, plan_slices
from convoy.cluster.controllers.endpoints.subsets import MANAGED_BY as ENDPOINTS_MANAGED_BY
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.objects import (
    Json,
    annotations_of,
    is_deleting,
    labels_of,
    name_of,
    spec_of,
    without_empty,
)
from convoy.cluster.store import Key

_SKIP = "endpointslice.kubernetes.io/skip-mirror"
_NOT_COPIED = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})
_MOST_PER_SUBSET = 1000


class MirroringController(SliceKeeper):
    """Mirrors Endpoints."""

    name = "endpointslicemirroring-controller"
    manager = "endpointslicemirroring-controller.k8s.io"

    def follow(self, feed: Feed) -> None:
        """Endpoints and Services, which share a name, and the mirrored slices."""
        for storage in (ENDPOINTS, SERVICES):
            feed.on(storage, self.add_own)
        feed.on(SLICES, self.add_of_slice)

    async def sync(self, key: Key) -> float | None:
        """Make the slices say what the Endpoints say, or remove them."""
        endpoints = self.client.get(ENDPOINTS, key.namespace, key.name)
        service = self.client.get(SERVICES, key.namespace, key.name)
        existing = self.slices_of(key)
        if endpoints is None or service is None or not is_mirrored(endpoints, service):
            for each in existing:
                await self.client.delete(SLICES, each)
            return None
        stamp = mirror_stamp(endpoints, self.manager)
        await self.apply(plan_slices(mirror_groups(endpoints), existing, stamp, has_placeholder=False))
        return None


def is_mirrored(endpoints: Json, service: Json) -> bool:
    """Whether Endpoints are a person's, for a Service that selects nothing, and nobody forbade it."""
    if is_deleting(endpoints) or selector_of(service) or spec_of(service).get("type") == "ExternalName":
        return False
    labels = labels_of(endpoints)
    return labels.get(_SKIP) != "true" and ENDPOINTS_MANAGED_BY not in labels


def mirror_stamp(endpoints: Json, manager: str) -> Stamp:
    """What the mirrored slices bear: the Endpoints' own labels and annotations."""
    annotations = {name: text for name, text in annotations_of(endpoints).items() if name not in _NOT_COPIED}
    labels = {**labels_of(endpoints), SERVICE_NAME: name_of(endpoints), MANAGED_BY: manager}
    return Stamp(endpoints, labels, annotations)


def mirror_groups(endpoints: Json) -> dict[Shape, list[Json]]:
    """The addresses of every subset as entries of slices."""
    groups: dict[Shape, list[Json]] = {}
    for subset in endpoints.get("subsets") or ():
        ports = tuple(
            sorted(
                Port(
                    port.get("name") or "",
                    port.get("protocol") or "TCP",
                    int(port["port"]),
                    port.get("appProtocol") or "",
                )
                for port in subset.get("ports") or ()
            )
        )
        ready = [(each, True) for each in subset.get("addresses") or ()]
        waiting = [(each, False) for each in subset.get("notReadyAddresses") or ()]
        for address, is_ready in [*ready, *waiting][:_MOST_PER_SUBSET]:
            shape = Shape("IPv6" if ":" in address["ip"] else "IPv4", ports)
            groups.setdefault(shape, []).append(_endpoint(address, is_ready))
    return groups


def _endpoint(address: Json, is_ready: bool) -> Json:
    return {
        "addresses": [address["ip"]],
        "conditions": {"ready": is_ready},
        **without_empty({name: address.get(name) for name in ("hostname", "nodeName", "targetRef")}),
    }
