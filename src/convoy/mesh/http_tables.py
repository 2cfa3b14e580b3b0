"""The HTTP ports of a sidecar view, kept from snapshot to snapshot: most changes say something else for a few
hosts, and all others stay as they are.

Only rules may differ. Where a VirtualService comes, goes or claims another host, everything is made anew.
"""

import msgspec
from msgspec.structs import replace

from convoy.api.meta import Hostname
from convoy.mesh.facts import Facts
from convoy.mesh.http_routes import Caller, build_service_rules, build_sidecar_http
from convoy.mesh.memory import Memory
from convoy.mesh.model import HostRoutes, PortRoutes
from convoy.mesh.virtual_services import PreparedVirtualService, SidecarRouting


class _Table(msgspec.Struct, frozen=True, eq=False):
    """The ports that some rules gave."""

    routing: SidecarRouting
    ports: tuple[PortRoutes, ...]


def recall_sidecar_http(
    facts: Facts, caller: Caller, memory: Memory, *, has_plain_port: bool = False
) -> tuple[PortRoutes, ...]:
    """What `build_sidecar_http` makes; what no change touched is the same object as last time."""
    routing = facts.routing.for_sidecars(caller.namespace)

    def revised(before: _Table | None) -> _Table:
        if before and before.routing is routing:
            return before
        ports = _updated(before, routing, facts, caller) if before else None
        if ports is None:
            ports = build_sidecar_http(facts, caller, has_plain_port=has_plain_port)
        return _Table(routing, ports)

    read = (facts.registry, facts.headless, facts.settings, caller, str(has_plain_port))
    return memory.revise(("http", *read), revised).ports


def _updated(
    before: _Table, routing: SidecarRouting, facts: Facts, caller: Caller
) -> tuple[PortRoutes, ...] | None:
    """The ports with other rules where they differ; None where more than rules may differ."""
    hosts = _changed_hosts(before.routing.services, routing.services)
    visible = facts.registry.visible(caller.namespace)
    # Hosts that only VirtualServices know claim what is left, if they have rules. Wildcards cover anything.
    if hosts is None or not all(host in visible and "*" not in host for host in hosts):
        return None
    names = frozenset(hosts)
    return tuple(_with_rules(port, names, facts, caller) for port in before.ports)


def _changed_hosts(
    olds: tuple[PreparedVirtualService, ...], news: tuple[PreparedVirtualService, ...]
) -> set[str] | None:
    if len(olds) != len(news):
        return None
    pairs = [(old, new) for old, new in zip(olds, news, strict=True) if old is not new]
    if not all(new.stands_like(old) for old, new in pairs):
        return None
    return {host for _, new in pairs for host in new.hosts}


def _with_rules(port: PortRoutes, names: frozenset[str], facts: Facts, caller: Caller) -> PortRoutes:
    found = [index for index, host in enumerate(port.hosts) if host.host in names]
    changed = {index: _host(port.hosts[index], facts, caller) for index in found}
    if all(changed[index] is port.hosts[index] for index in found):
        return port
    hosts = list(port.hosts)
    for index, host in changed.items():
        hosts[index] = host
    return replace(port, hosts=tuple(hosts))


def _host(host: HostRoutes, facts: Facts, caller: Caller) -> HostRoutes:
    registered = facts.registry.visible(caller.namespace)[Hostname(host.host)]
    port = next(port for port in registered.service.ports if port.number == host.port)
    rules = build_service_rules(registered, port, facts, caller)
    return host if rules == host.rules else replace(host, rules=rules)
