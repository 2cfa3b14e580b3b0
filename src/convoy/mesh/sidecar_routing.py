"""The VirtualServices that sidecars of a namespace see, by host."""

import copy
from collections.abc import Iterator, Mapping

from convoy.api.meta import ObjectKey
from convoy.mesh.hosts import covers, is_wildcard
from convoy.mesh.prepared_services import PreparedVirtualService
from convoy.mesh.revisions import Revision

Services = Revision[ObjectKey, PreparedVirtualService]
"""By key, oldest first."""

Changes = Mapping[ObjectKey, PreparedVirtualService]
"""What takes the place of the VirtualServices with these keys."""


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

    def replaced(self, changes: Changes) -> "SidecarRouting":
        """The same with other rules in some VirtualServices, which stand as the old ones did."""
        services = self.services.revised({key: one for key, one in changes.items() if key in self.services})
        if services is self.services:
            return self
        changed = copy.copy(self)
        changed.services = services
        changed._exact = self._exact.copy()
        for host in {host for one in changes.values() for host in one.hosts}:
            if host in self._exact:
                changed._exact[host] = [changes.get(one.key, one) for one in self._exact[host]]
        changed._longest_first = [
            (pattern, changes.get(one.key, one)) for pattern, one in self._longest_first
        ]
        return changed
