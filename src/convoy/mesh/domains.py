"""The spellings of a service that requests may carry as their host.

A `.global` service stands in for a Kubernetes Service that this cluster lacks: then it answers to the short
names, too, because the application says `Host: reviews:9080` whichever address DNS gave it.
"""

from collections.abc import Iterator

from convoy.api.meta import Namespace
from convoy.mesh.model import Service
from convoy.mesh.services import Registered, Registry
from convoy.mesh.short_names import spellings, split_global


def build_domains(registered: Registered, registry: Registry, *, viewer: str, domain: str) -> tuple[str, ...]:
    """Host names, wildcards and addresses, without ports, as seen by the proxies of namespace `viewer`."""
    names = host_names(registered, registry, viewer=viewer, domain=domain)
    wildcards = tuple(f"*.{name}" for name in names) if registered.is_headless else ()
    return (*names, *wildcards, *(as_domain(vip) for vip in registered.service.vips))


def host_names(registered: Registered, registry: Registry, *, viewer: str, domain: str) -> tuple[str, ...]:
    """The names alone: those of a Kubernetes Service, or a ServiceEntry's host and the names it stands in
    for, and those of Services that are other names for it.
    """
    service = registered.service
    if service.is_kubernetes:
        own = spellings(registered.name, service.namespace, viewer=viewer, domain=domain)
    else:
        own = (service.hostname, *_stand_in_names(service, registry, viewer=viewer, domain=domain))
    aliases = registry.aliases_of(service.hostname, viewer=viewer)
    others = (spellings(one.name, one.namespace, viewer=viewer, domain=domain) for one in aliases)
    return (*own, *(name for names in others for name in names))


def stands_in_for(service: Service, registry: Registry, *, domain: str) -> tuple[str, Namespace] | None:
    """Name and namespace of the missing local Service that a `.global` service stands in for, if it does."""
    named = None if service.is_kubernetes else split_global(service.hostname)
    if named is None or registry.has_local(*named, domain):
        return None
    return named


def _stand_in_names(service: Service, registry: Registry, *, viewer: str, domain: str) -> Iterator[str]:
    named = stands_in_for(service, registry, domain=domain)
    if named:
        yield from spellings(*named, viewer=viewer, domain=domain)


def as_domain(address: str) -> str:
    """A host or address as it stands in a request; IPv6 addresses are bracketed."""
    return f"[{address}]" if ":" in address else address
