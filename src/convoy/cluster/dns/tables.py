"""A name table made of a cluster's Services and ready static pods."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from convoy.api.kube.core import Service
from convoy.cluster.dns.answers import CLUSTER_DOMAIN, WORLD_DOMAIN
from convoy.cluster.dns.records import Records
from convoy.cluster.network.services import PodEndpoint, select_endpoints
from convoy.cluster.objects import load_balancer_addresses


class NameTable(msgspec.Struct, frozen=True):
    """Addresses and aliases by lower-case name without the final dot."""

    addresses: Mapping[str, tuple[str, ...]]
    aliases: Mapping[str, str] = {}

    def find(self, name: str) -> Records | None:
        if name in self.aliases:
            return Records(alias=self.aliases[name])
        if name in self.addresses:
            return Records(addresses=self.addresses[name])
        return None


def build_name_table(
    services: Iterable[Service],
    endpoints: Sequence[PodEndpoint],
    load_balancers: Mapping[str, tuple[str, ...]],
) -> NameTable:
    """The names of one cluster; `load_balancers` are the world's, from `load_balancer_names`."""
    addresses: dict[str, tuple[str, ...]] = dict(load_balancers)
    aliases = {}
    for service in services:
        name = f"{service.metadata.name}.{service.metadata.namespace}.svc.{CLUSTER_DOMAIN}"
        if service.spec.type == "ExternalName":
            aliases[name] = service.spec.external_name.rstrip(".").lower()
        elif service.spec.cluster_ip != "None":
            addresses[name] = (service.spec.cluster_ip,)
        else:
            addresses |= _headless_names(name, service, endpoints)
    return NameTable(addresses, aliases)


def load_balancer_names(cluster: str, services: Iterable[Service]) -> dict[str, tuple[str, ...]]:
    """The names under which every cluster finds one cluster's load balancers."""
    names: dict[str, tuple[str, ...]] = {}
    for service in services:
        if addresses := load_balancer_addresses(service):
            name = f"{service.metadata.name}.{cluster}.{WORLD_DOMAIN}"
            names[name] = (*names.get(name, ()), *addresses)
    return names


def _headless_names(
    name: str, service: Service, endpoints: Sequence[PodEndpoint]
) -> dict[str, tuple[str, ...]]:
    backends = select_endpoints(service, endpoints)
    names = {name: tuple(backend.address for backend in backends)}
    for backend in backends:
        spec = backend.pod.spec
        if spec.hostname and spec.subdomain == service.metadata.name:
            names[f"{spec.hostname}.{name}"] = (backend.address,)
    return names
