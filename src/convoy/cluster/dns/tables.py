"""A name table made of a cluster's Services and ready static pods."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from convoy.api.kube.core import Service
from convoy.cluster.dns.answers import CLUSTER_DOMAIN
from convoy.cluster.dns.records import Records
from convoy.cluster.network.services import PodEndpoint, select_endpoints


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


def build_name_table(services: Iterable[Service], endpoints: Sequence[PodEndpoint]) -> NameTable:
    """The names of one cluster."""
    addresses: dict[str, tuple[str, ...]] = {}
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
