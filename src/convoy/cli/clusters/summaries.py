"""What the objects of the clusters amount to, in a row each; pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from cryptography import x509

from convoy.cli.clusters.observing import Seen
from convoy.cli.install.gateways import GATEWAY
from convoy.cli.install.settings import CONTROL_PLANE

Json = dict[str, Any]

_CROSS_CLUSTER_PORT = 15443


class Row(msgspec.Struct, frozen=True, rename="camel"):
    """One cluster. Counts are (ready, all); `links` name the clusters whose gateways its mesh calls.

    `certificate_days`: how long the cluster's own authority is valid; None without a mesh.
    """

    name: str
    state: str
    server: str = ""
    nodes: tuple[int, int] = (0, 0)
    pods: tuple[int, int] = (0, 0)
    control_plane: tuple[int, int] | None = None
    gateways: tuple[int, int] | None = None
    gateway_address: str = ""
    links: tuple[str, ...] = ()
    certificate_days: int | None = None
    problems: tuple[str, ...] = ()


def summarise(name: str, server: str, seen: Seen, *, gateways: Mapping[str, str], now: datetime) -> Row:
    """A running cluster; `gateways` are all clusters' gateway addresses by cluster."""
    living = [pod for pod in seen.pods if _phase(pod) not in ("Succeeded", "Failed")]
    return Row(
        name,
        "running",
        server,
        nodes=_ready(seen.nodes),
        pods=_ready(living),
        control_plane=_replicas(seen.deployments, CONTROL_PLANE),
        gateways=_replicas(seen.deployments, GATEWAY),
        gateway_address=gateways.get(name, ""),
        links=_links(name, seen.mesh, gateways),
        certificate_days=_days_left(seen.authority, now),
        problems=tuple(_problems(seen.mesh)),
    )


def gateway_address(seen: Seen) -> str:
    """Where other clusters reach this one; empty when it has no gateway."""
    for service in seen.services:
        if service["metadata"]["name"] == GATEWAY:
            ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or [{}]
            return str(ingress[0].get("ip", ""))
    return ""


def _phase(pod: Json) -> str:
    return str((pod.get("status") or {}).get("phase", ""))


def _ready(objects: Sequence[Json]) -> tuple[int, int]:
    ready = [
        any(c.get("type") == "Ready" and c.get("status") == "True" for c in _conditions(o)) for o in objects
    ]
    return sum(ready), len(ready)


def _conditions(obj: Json) -> list[Json]:
    return list((obj.get("status") or {}).get("conditions") or [])


def _replicas(deployments: Iterable[Json], name: str) -> tuple[int, int] | None:
    for deployment in deployments:
        if deployment["metadata"]["name"] == name:
            ready = (deployment.get("status") or {}).get("readyReplicas", 0)
            return ready, deployment["spec"].get("replicas", 1)
    return None


def _links(name: str, mesh: Iterable[Json], gateways: Mapping[str, str]) -> tuple[str, ...]:
    """The other clusters that ServiceEntries lead to, by the address or the name of their gateways."""
    known = {address: cluster for cluster, address in gateways.items() if address}
    known |= {f"{GATEWAY}.{cluster}.convoy.test": cluster for cluster in gateways}
    called = {
        known[endpoint["address"]]
        for obj in mesh
        if obj["kind"] == "ServiceEntry"
        for endpoint in obj["spec"].get("endpoints") or ()
        if endpoint.get("address") in known and _CROSS_CLUSTER_PORT in (endpoint.get("ports") or {}).values()
    }
    return tuple(sorted(called - {name}))


def _days_left(authority: bytes, now: datetime) -> int | None:
    if not authority:
        return None
    return (x509.load_pem_x509_certificate(authority).not_valid_after_utc - now).days


def _problems(mesh: Iterable[Json]) -> Iterable[str]:
    """A line for each object that is not wholly in force, as its status says."""
    for obj in mesh:
        metadata = obj["metadata"]
        for condition in _conditions(obj):
            if condition.get("type") == "Reconciled" and condition.get("status") != "True":
                place = f"{obj['kind']} {metadata['namespace']}/{metadata['name']}"
                yield f"{place}: {condition.get('message', condition.get('reason', ''))}"
