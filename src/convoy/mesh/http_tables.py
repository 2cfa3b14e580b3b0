"""The HTTP ports of a sidecar view, kept from snapshot to snapshot: most changes say something else for a few
hosts, and all others stay as they are.

Only rules may differ. Where a VirtualService comes, goes or claims another host, everything is made anew.
"""

from bisect import bisect_left

import msgspec
from msgspec.structs import replace

from convoy.api.meta import Hostname
from convoy.mesh.facts import Facts
from convoy.mesh.http_routes import Caller, build_service_rules, build_sidecar_http
from convoy.mesh.memory import Memory
from convoy.mesh.model import HostRoutes, PortRoutes
from convoy.mesh.sidecar_routing import Services, SidecarRouting


class _Table(msgspec.Struct, frozen=True, eq=False):
    """The ports that some rules gave."""

    routing: SidecarRouting
    ports: tuple[PortRoutes, ...]


class _Shared:
    """The ports of the views of one snapshot: those that mean the same are one object."""

    def __init__(self) -> None:
        self._made: dict[PortRoutes, PortRoutes] = {}
        self._updated: dict[tuple[int, int, int], tuple[PortRoutes, HostRoutes, PortRoutes]] = {}

    def one_of(self, ports: tuple[PortRoutes, ...]) -> tuple[PortRoutes, ...]:
        """The objects that stand for these."""
        return tuple(self._made.setdefault(port, port) for port in ports)

    def with_host(self, port: PortRoutes, index: int, host: HostRoutes) -> PortRoutes:
        """A port with another of its hosts."""
        question = (id(port), index, id(host.rules))
        if question not in self._updated:
            hosts = (*port.hosts[:index], host, *port.hosts[index + 1 :])
            # What is asked with is kept with the answer, so that no other object can be mistaken for it.
            self._updated[question] = (port, host, replace(port, hosts=hosts))
        return self._updated[question][2]


def recall_sidecar_http(
    facts: Facts, caller: Caller, memory: Memory, *, has_plain_port: bool = False
) -> tuple[PortRoutes, ...]:
    """What `build_sidecar_http` makes; what no change touched is the same object as last time."""
    routing = facts.routing.for_sidecars(caller.namespace)
    shared = memory.recall(("shared ports", facts), _Shared)

    def revised(before: _Table | None) -> _Table:
        if before and before.routing is routing:
            return before
        ports = _updated(before, routing, facts, caller, shared) if before else None
        if ports is None:
            ports = shared.one_of(build_sidecar_http(facts, caller, has_plain_port=has_plain_port))
        return _Table(routing, ports)

    read = (facts.registry, facts.headless, facts.settings, caller, str(has_plain_port))
    return memory.revise(("http", *read), revised).ports


def _updated(
    before: _Table, routing: SidecarRouting, facts: Facts, caller: Caller, shared: _Shared
) -> tuple[PortRoutes, ...] | None:
    """The ports with other rules where they differ; None where more than rules may differ."""
    hosts = _changed_hosts(before.routing.services, routing.services)
    visible = facts.registry.visible(caller.namespace)
    # Hosts that only VirtualServices know claim what is left, if they have rules. Wildcards cover anything.
    if hosts is None or not all(host in visible and "*" not in host for host in hosts):
        return None
    ports = {port.port: port for port in before.ports}
    for host in sorted(hosts):
        for number in {port.number for port in visible[host].service.ports} & ports.keys():
            ports[number] = _with_rules(ports[number], host, facts, caller, shared)
    return tuple(ports.values())


def _changed_hosts(olds: Services, news: Services) -> set[Hostname] | None:
    changed = news.changed_since(olds)
    if changed is None:
        return None
    hosts: set[Hostname] = set()
    for key in changed:
        for one in (olds.get(key), news.get(key)):
            hosts.update(one.hosts if one else ())
    return hosts


def _with_rules(
    port: PortRoutes, name: Hostname, facts: Facts, caller: Caller, shared: _Shared
) -> PortRoutes:
    index = bisect_left(port.hosts, str(name), key=lambda host: host.host)
    if index == len(port.hosts) or port.hosts[index].host != name:
        return port  # all of its spellings are taken by others
    host = port.hosts[index]
    registered = facts.registry.visible(caller.namespace)[name]
    service_port = next(one for one in registered.service.ports if one.number == host.port)
    rules = build_service_rules(registered, service_port, facts, caller)
    if rules == host.rules:
        return port
    return shared.with_host(port, index, replace(host, rules=rules))
