"""The older form of endpoints: one Endpoints object per Service, at most 1,000 addresses in it. Pure."""

from collections.abc import Iterable, Sequence

from convoy.cluster.controllers.endpoints.addresses import Address, Port, is_headless
from convoy.cluster.controllers.endpoints.slices import HEADLESS
from convoy.cluster.controllers.objects import Json, labels_of, name_of, namespace_of, spec_of, without_empty

MANAGED_BY = "endpoints.kubernetes.io/managed-by"
MANAGER = "endpoint-controller"
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
LARGEST = 1000


def build_endpoints(service: Json, addresses: Sequence[Address], *, publishes_not_ready: bool) -> Json:
    """The Endpoints of a Service. Pods that end are not in it, unless unready ones are published."""
    shown = [each for each in addresses if publishes_not_ready or not each.terminating]
    if spec_of(service).get("ports"):  # without any, a headless Service's addresses stand for themselves
        shown = [each for each in shown if each.ports]
    is_over = len(shown) > LARGEST
    if is_over:  # ready ones are worth more
        shown = sorted(shown, key=lambda each: not each.ready)[:LARGEST]
    headless = {HEADLESS: ""} if is_headless(service) else {}
    return {
        "metadata": {
            "name": name_of(service),
            "namespace": namespace_of(service),
            "labels": {**labels_of(service), **headless, MANAGED_BY: MANAGER},
            **({"annotations": {OVER_CAPACITY: "truncated"}} if is_over else {}),
        },
        **without_empty({"subsets": _subsets(shown)}),
    }


def _subsets(addresses: Iterable[Address]) -> list[Json]:
    """Addresses by their ports."""
    groups: dict[tuple[Port, ...], list[Address]] = {}
    for address in addresses:
        groups.setdefault(address.ports, []).append(address)
    return [
        without_empty(
            {
                "addresses": [_entry(each) for each in _by_ip(group) if each.ready],
                "notReadyAddresses": [_entry(each) for each in _by_ip(group) if not each.ready],
                "ports": [_port(port) for port in ports],
            }
        )
        for ports, group in sorted(groups.items())
    ]


def _by_ip(addresses: Iterable[Address]) -> list[Address]:
    return sorted(addresses, key=lambda each: (each.ip, each.uid))


def _entry(address: Address) -> Json:
    return {
        "ip": address.ip,
        **without_empty({"hostname": address.hostname, "nodeName": address.node}),
        "targetRef": address.target,
    }


def _port(port: Port) -> Json:
    return without_empty(port.to_json())


def is_same_endpoints(existing: Json, wanted: Json) -> bool:
    """Whether what is there says what is wanted."""
    return (
        (existing.get("subsets") or []) == (wanted.get("subsets") or [])
        and dict(labels_of(existing)) == wanted["metadata"]["labels"]
        and _is_over(existing) == _is_over(wanted)
    )


def _is_over(endpoints: Json) -> bool:
    return OVER_CAPACITY in (endpoints["metadata"].get("annotations") or {})
