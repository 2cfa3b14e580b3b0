"""The VirtualServices that sidecars of a namespace see, by host."""

import copy
from collections.abc import Callable, Iterable, Iterator

from convoy.api.meta import ObjectKey
from convoy.mesh.hosts import covers, is_wildcard
from convoy.mesh.prepared_services import PreparedVirtualService
from convoy.mesh.revisions import Revision

Services = Revision[ObjectKey, PreparedVirtualService]
"""By key, oldest first."""

Order = Callable[[ObjectKey], int]
"""The place of a VirtualService among all."""


class SidecarRouting:
    """All of them, oldest first, and those for a host; immutable."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._exact: dict[str, list[PreparedVirtualService]] = {}
        wildcards: dict[str, PreparedVirtualService] = {}
        for service in services.values():
            for host in service.hosts:
                if is_wildcard(host):
                    wildcards.setdefault(host, service)
                else:
                    self._exact.setdefault(host, []).append(service)
        self._longest_first = sorted(wildcards.items(), key=lambda item: (-len(item[0]), item[0]))

    def candidates(self, host: str) -> Iterator[PreparedVirtualService]:
        """Those for a host. The first that has a rule for the caller and port counts, and none adds to it:
        those that name the host, oldest first, then the oldest of the longest wildcard that covers it.
        """
        yield from self._exact.get(host, ())
        covering = (service for pattern, service in self._longest_first if covers(pattern, host))
        yield from (service for service in [next(covering, None)] if service)

    def exchanged(
        self, services: Services, touched: Iterable[PreparedVirtualService], order: Order
    ) -> "SidecarRouting":
        """The same for other services; those that differ are touched, as they were and as they are."""
        if services is self.services:
            return self
        several = list(touched)
        hosts = {host for one in several for host in one.hosts}
        if any(map(is_wildcard, hosts)):
            return SidecarRouting(services)
        changed = copy.copy(self)
        changed.services = services
        changed._exact = self._exact.copy()
        for host in hosts:
            claims = {one.key for one in (*self._exact.get(host, ()), *several) if host in one.hosts}
            keys = sorted((key for key in claims if key in services), key=order)
            changed._exact[host] = [services[key] for key in keys if host in services[key].hosts]
        return changed
