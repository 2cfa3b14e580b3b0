"""Kubernetes Services of type ExternalName, which are other names for something.

For what the mesh knows, a Service or a ServiceEntry's host, such a Service is an alias: requests, connections
and destinations that say its name mean the one it names, through any number of aliases. Otherwise it is a
service of its own outside the mesh, whose endpoint is the external name. Kubernetes gives it no address, so
it gets one where bytes or TLS could not be told from those to others; one without ports is left to DNS.

Source of the rule: Istio's `ENABLE_EXTERNAL_NAME_ALIAS`.
"""

from collections.abc import Container, Iterable, Mapping

import msgspec

from convoy.api.kube import core
from convoy.api.meta import Hostname, Namespace
from convoy.mesh.kube_services import build_kube_service, export_visibility
from convoy.mesh.model import Resolution
from convoy.mesh.services import Alias, Registered
from convoy.mesh.short_names import kube_hostname
from convoy.mesh.vips import assign_vips

EXTERNAL_NAME = "ExternalName"


def is_external_name(service: core.Service) -> bool:
    """Whether a Service is another name for something."""
    return service.spec.type == EXTERNAL_NAME


def external_name(service: core.Service) -> str:
    """What it is a name for, as hosts are compared."""
    return service.spec.external_name.lower().rstrip(".")


def build_aliases(
    services: Iterable[core.Service], known: Container[str], *, domain: str, export_to: tuple[str, ...] = ()
) -> tuple[Alias, ...]:
    """Those of these ExternalName Services that name, in the end, one of the known hosts. `export_to` holds
    without annotation.
    """
    names: dict[str, core.Service] = {_hostname(service, domain): service for service in services}
    found = []
    for service in names.values():
        target = _followed(external_name(service), names)
        if target in known:
            metadata = service.metadata
            namespace = Namespace(metadata.namespace)
            visibility = export_visibility(service, export_to)
            found.append(Alias(metadata.name, namespace, Hostname(target), visibility))
    return tuple(found)


def build_outside_services(
    services: Iterable[core.Service],
    *,
    taken: Iterable[str],
    domain: str,
    export_to: tuple[str, ...] = (),
) -> tuple[Registered, ...]:
    """Services of their own, for ExternalName Services with ports; addresses in `taken` are not given."""
    made = [
        build_kube_service(_without_selector(one), domain, export_to=export_to)
        for one in services
        if one.spec.ports
    ]
    vips = assign_vips((one.service.hostname for one in made if _needs_vip(one)), taken=taken)
    return tuple(_outside(one, vips) for one in made)


def _followed(name: str, aliases: Mapping[str, core.Service]) -> str:
    passed: set[str] = set()
    while name in aliases and name not in passed:
        passed.add(name)
        name = external_name(aliases[name])
    return name


def _outside(registered: Registered, vips: Mapping[str, str]) -> Registered:
    vip = vips.get(registered.service.hostname)
    service = msgspec.structs.replace(
        registered.service, vips=(vip,) if vip else (), resolution=Resolution.DNS, is_external=True
    )
    return msgspec.structs.replace(registered, service=service)


def _needs_vip(registered: Registered) -> bool:
    return not all(port.protocol.is_http for port in registered.service.ports)


def _without_selector(service: core.Service) -> core.Service:
    # Kubernetes does not look at it either.
    return msgspec.structs.replace(service, spec=msgspec.structs.replace(service.spec, selector={}))


def _hostname(service: core.Service, domain: str) -> Hostname:
    return kube_hostname(service.metadata.name, service.metadata.namespace, domain)
