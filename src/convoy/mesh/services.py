"""The registry: every service the cluster knows.

Several services may have one host, and no proxy sees more than one of them: a Kubernetes Service before a
ServiceEntry, an entry that is for certain namespaces before one that is for all, an older one before a
younger one. What nobody sees is told by `checks`. Order in the registry is precedence, too: where two
services claim the same address or spelling, the earlier one gets it.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from convoy.api.istio.service_entry import ServiceEntry
from convoy.api.kube import core
from convoy.api.meta import Hostname, Namespace, ObjectKey
from convoy.mesh.hosts import is_wildcard
from convoy.mesh.model import Part, Resolution, Service
from convoy.mesh.short_names import kube_hostname
from convoy.mesh.visibility import Visibility


class Registered(msgspec.Struct, frozen=True, eq=False):
    """A service, who sees it, and what it comes from: either `kube` or, oldest first, `entries`. `source`
    is the first of these.
    """

    service: Service
    visibility: Visibility
    source: ObjectKey
    kube: core.Service | None = None
    entries: tuple[ServiceEntry, ...] = ()

    @property
    def is_headless(self) -> bool:
        """Its name stands for the addresses of its pods."""
        return (
            self.kube is not None
            and self.service.resolution is Resolution.ORIGINAL_DST
            and not self.service.vips
        )

    @property
    def name(self) -> str:
        """The first label of a Kubernetes Service's host."""
        return self.service.hostname.partition(".")[0]

    def meets(self, other: "Registered") -> bool:
        """Whether some proxy sees both, as services of two hosts."""
        is_same = self.service.hostname == other.service.hostname
        return not is_same and self.visibility.overlaps(other.visibility)

    def precedes(self, other: "Registered") -> bool:
        """Whether a proxy that sees both uses this one, although it comes later in the registry."""
        return other.kube is None and other.visibility.everyone and not self.visibility.everyone

    def hides(self, later: "Registered") -> bool:
        """Whether some proxy that should use the later one for their host uses this one instead."""
        covers = self.kube is not None or self.visibility.everyone == later.visibility.everyone
        return covers and self.visibility.overlaps(later.visibility)


class Alias(Part, frozen=True, cache_hash=True):
    """A Kubernetes Service that is another name for a service, known to the namespaces that see it."""

    name: str
    namespace: Namespace
    target: Hostname
    visibility: Visibility


class Registry:
    """All services in order of precedence; immutable once made. `by_host` has the first of each host,
    `wildcards` those of wildcard hosts, `aliases` the hosts that other names mean.
    """

    def __init__(
        self, services: Iterable[Registered], aliases: Iterable[Alias] = (), *, domain: str = ""
    ) -> None:
        ranked: dict[Hostname, list[Registered]] = {}
        self._all = tuple(_with_rank(ranked.setdefault(one.service.hostname, []), one) for one in services)
        self.by_host: Mapping[Hostname, Registered] = {host: group[0] for host, group in ranked.items()}
        self.wildcards = tuple(one for host, one in self.by_host.items() if is_wildcard(host))
        self._ranked = ranked
        self.aliases: Mapping[Hostname, Hostname] = {}
        self._aliases_of: dict[Hostname, tuple[Alias, ...]] = {}
        self._keep_aliases(aliases, domain)
        self._visible: dict[str, Mapping[Hostname, Registered]] = {}
        self._whole: Registry | None = None

    def __iter__(self) -> Iterator[Registered]:
        return iter(self._all)

    def _keep_aliases(self, aliases: Iterable[Alias], domain: str) -> None:
        listed = tuple(aliases)
        self.aliases = {kube_hostname(one.name, one.namespace, domain): one.target for one in listed}
        for one in listed:
            self._aliases_of[one.target] = (*self._aliases_of.get(one.target, ()), one)

    def find(self, host: Hostname) -> Registered | None:
        """The first service of a host, which may be an alias."""
        return self.by_host.get(self.aliases.get(host, host))

    def of_host(self, host: str) -> Iterable[Registered]:
        """All services of a host."""
        return self._ranked.get(Hostname(host), ())

    def aliases_of(self, host: Hostname, *, viewer: str) -> Iterator[Alias]:
        """The other names by which proxies of a namespace know a service, oldest first."""
        return (one for one in self._aliases_of.get(host, ()) if one.visibility.allows(viewer))

    def visible(self, namespace: str) -> Mapping[Hostname, Registered]:
        """The services that proxies of a namespace see, in order of precedence."""
        if namespace not in self._visible:
            self._visible[namespace] = self._seen_by(namespace)
        return self._visible[namespace]

    def known(self, namespace: str) -> Mapping[Hostname, Registered]:
        """The services that rules may send to from a namespace, imported or not."""
        return (self._whole or self).visible(namespace)

    def narrowed(self, namespace: str, imports: Callable[[Registered], Registered | None]) -> "Registry":
        """The same for those proxies of a namespace that import only some services, or parts of them."""
        narrowed = copy.copy(self)
        narrowed._whole = self
        narrowed._visible = {namespace: self._seen_by(namespace, imports)}
        return narrowed

    def _seen_by(
        self, namespace: str, imports: Callable[[Registered], Registered | None] = lambda one: one
    ) -> Mapping[Hostname, Registered]:
        seen: dict[Hostname, Registered] = {}
        for service in self._all:
            registered = imports(service) if service.visibility.allows(namespace) else None
            if registered:
                other = seen.setdefault(registered.service.hostname, registered)
                if registered.precedes(other):
                    seen[registered.service.hostname] = registered
        return seen

    def hiding(self, host: Hostname, entry: ServiceEntry) -> Registered | None:
        """The service because of which a ServiceEntry's host is not, or not everywhere, the entry's."""
        group = self._ranked.get(host, [])
        own = next((one for one in group if any(each is entry for each in one.entries)), None)
        if own is None:
            return None
        return next((one for one in group[: group.index(own)] if one.hides(own)), None)

    def has_local(self, name: str, namespace: str, domain: str) -> bool:
        """Whether this cluster itself has a service of that name, so that no `.global` name stands in for
        it.
        """
        return kube_hostname(name, namespace, domain) in self.by_host


def _with_rank(group: list[Registered], registered: Registered) -> Registered:
    if group:
        service = msgspec.structs.replace(registered.service, rank=len(group))
        registered = msgspec.structs.replace(registered, service=service)
    group.append(registered)
    return registered
