"""How endpoints are kept in EndpointSlices: at most 100 in each, one set of ports in each. Pure.

An endpoint stays in the slice it is in, so that a change of one pod changes one slice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from convoy.cluster.controllers.endpoints.addresses import Address, Port, is_headless
from convoy.cluster.controllers.objects import (
    Json,
    annotations_of,
    labels_of,
    name_of,
    namespace_of,
    without_empty,
)
from convoy.cluster.controllers.owners import controller_reference, is_controlled_by

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
HEADLESS = "service.kubernetes.io/headless"
LARGEST = 100


@dataclass(frozen=True, slots=True)
class Shape:
    """What all endpoints of a slice have in common."""

    address_type: str = "IPv4"
    ports: tuple[Port, ...] = ()


@dataclass(frozen=True, slots=True)
class Stamp:
    """What all slices of one owner bear."""

    owner: Json
    labels: Mapping[str, str]
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SlicePlan:
    """Slices to make, to replace by a changed copy, and to delete."""

    create: tuple[Json, ...] = ()
    update: tuple[Json, ...] = ()
    delete: tuple[Json, ...] = ()


def service_stamp(service: Json, manager: str) -> Stamp:
    """The labels of a Service's slices: its own, and those by which slices are found."""
    own = {name: value for name, value in labels_of(service).items() if name not in (SERVICE_NAME, HEADLESS)}
    headless = {HEADLESS: ""} if is_headless(service) else {}
    return Stamp(service, {**own, **headless, SERVICE_NAME: name_of(service), MANAGED_BY: manager})


def endpoint_of(address: Address) -> Json:
    """An entry of a slice."""
    return {
        "addresses": [address.ip],
        "conditions": {
            "ready": address.ready,
            "serving": address.serving,
            "terminating": address.terminating,
        },
        **without_empty({"hostname": address.hostname, "nodeName": address.node}),
        "targetRef": address.target,
        **without_empty({"zone": address.zone}),
    }


def group_addresses(addresses: Iterable[Address]) -> dict[Shape, list[Json]]:
    """Endpoints by their ports."""
    groups: dict[Shape, list[Json]] = {}
    for address in addresses:
        shape = Shape("IPv6" if ":" in address.ip else "IPv4", address.ports)
        groups.setdefault(shape, []).append(endpoint_of(address))
    return groups


def plan_slices(
    groups: Mapping[Shape, Sequence[Json]],
    existing: Iterable[Json],
    stamp: Stamp,
    *,
    has_placeholder: bool = True,
) -> SlicePlan:
    """What brings the `existing` slices of one owner to hold exactly these endpoints.

    With `has_placeholder` an owner without endpoints has one empty slice, as a sign that it was looked at.
    """
    wanted = dict(groups)
    if not wanted and has_placeholder:
        wanted[Shape()] = []
    by_shape: dict[Shape, list[Json]] = {}
    for each in existing:
        by_shape.setdefault(_shape_of(each), []).append(each)
    create: list[Json] = []
    update: list[Json] = []
    delete = [each for shape, slices in by_shape.items() if shape not in wanted for each in slices]
    for shape, endpoints in sorted(wanted.items(), key=lambda item: (item[0].address_type, item[0].ports)):
        before = by_shape.get(shape, [])
        contents, rest = _keep_places(endpoints, before)
        for each, content in zip(before, contents, strict=True):
            if not content and (endpoints or each is not before[0]):
                delete.append(each)
            elif (changed := _filled(each, content, stamp)) is not None:
                update.append(changed)
        chunks = [rest[at : at + LARGEST] for at in range(0, len(rest), LARGEST)]
        if not before and not chunks:
            chunks = [[]]
        create += [_new_slice(shape, chunk, stamp) for chunk in chunks]
    return SlicePlan(tuple(create), tuple(update), tuple(delete))


def _keep_places(endpoints: Sequence[Json], slices: Sequence[Json]) -> tuple[list[list[Json]], list[Json]]:
    """What each slice holds afterwards, and the endpoints that found no room."""
    left = {_identity(each): each for each in endpoints}
    contents = []
    for each in slices:
        known = [_identity(endpoint) for endpoint in each.get("endpoints") or ()]
        contents.append([left.pop(identity) for identity in known if identity in left])
    rest = list(left.values())
    # The fullest first: slices that are nearly empty shall run empty.
    for content in sorted(contents, key=len, reverse=True):
        room = LARGEST - len(content)
        content += rest[:room]
        rest = rest[room:]
    return contents, rest


def _identity(endpoint: Json) -> tuple[str, ...]:
    return (*endpoint["addresses"], (endpoint.get("targetRef") or {}).get("uid") or "")


def _shape_of(endpoint_slice: Json) -> Shape:
    ports = (
        Port(
            each.get("name") or "",
            each.get("protocol") or "TCP",
            int(each.get("port") or 0),
            each.get("appProtocol") or "",
        )
        for each in endpoint_slice.get("ports") or ()
    )
    return Shape(endpoint_slice.get("addressType") or "IPv4", tuple(sorted(ports)))


def _filled(endpoint_slice: Json, content: list[Json], stamp: Stamp) -> Json | None:
    """A copy of the slice with that content; None when it is so already."""
    is_same = (
        (endpoint_slice.get("endpoints") or []) == content
        and dict(labels_of(endpoint_slice)) == stamp.labels
        and stamp.annotations.items() <= annotations_of(endpoint_slice).items()
        and is_controlled_by(endpoint_slice, stamp.owner)
    )
    if is_same:
        return None
    metadata = {**endpoint_slice["metadata"], **_metadata(stamp)}
    return {**endpoint_slice, "metadata": metadata, "endpoints": content}


def _metadata(stamp: Stamp) -> Json:
    return {
        "labels": dict(stamp.labels),
        "ownerReferences": [controller_reference(stamp.owner)],
        **without_empty({"annotations": dict(stamp.annotations)}),
    }


def _new_slice(shape: Shape, content: list[Json], stamp: Stamp) -> Json:
    place = {"generateName": f"{name_of(stamp.owner)}-", "namespace": namespace_of(stamp.owner)}
    return {
        "metadata": {**place, **_metadata(stamp)},
        "addressType": shape.address_type,
        "endpoints": content,
        "ports": [port.to_json() for port in shape.ports],
    }
