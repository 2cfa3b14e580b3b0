"""Rules for connections, `tls` and `tcp` of VirtualServices, that no connection can meet."""

from collections.abc import Iterator

from convoy.api import codes
from convoy.api.meta import Hostname, ObjectKey
from convoy.api.paths import quote
from convoy.api.problems import Problem
from convoy.mesh.facts import Facts
from convoy.mesh.gateway_names import MESH
from convoy.mesh.hosts import covers, is_wildcard
from convoy.mesh.l4_rules import ConnectionRules, is_matchable
from convoy.mesh.model import Protocol
from convoy.mesh.services import Registered, Registry

_BYTES = frozenset({Protocol.TCP, Protocol.AUTO})


def check_connections(facts: Facts) -> Iterator[Problem]:
    """Every VirtualService with such rules by itself."""
    for rules in facts.connections:
        yield from _check_names(rules)
        if rules.service.gateways == (MESH,):
            yield from _check_ports(rules, facts)


def _check_names(rules: ConnectionRules) -> Iterator[Problem]:
    for i, route in enumerate(rules.service.written.spec.tls):
        for j, match in enumerate(route.match):
            for k, name in enumerate(match.sni_hosts):
                if not is_matchable(name):
                    yield _unmet(
                        rules.service.key,
                        f"spec.tls[{i}].match[{j}].sniHosts[{k}]",
                        message=f"{quote(name)} leaves part of a label open; proxies compare whole ones.",
                        remedy='Write one such as "*.example.com".',
                    )


def _check_ports(rules: ConnectionRules, facts: Facts) -> Iterator[Problem]:
    spoken = {
        port.protocol
        for host in rules.service.hosts
        for registered in _meant(host, facts.registry)
        for port in registered.service.ports
    }
    if not spoken:
        return  # Unknown hosts have a word of their own.
    if rules.tls and Protocol.TLS not in spoken:
        yield _unmet(
            rules.service.key,
            "spec.tls",
            message="No port of these hosts is declared as TLS.",
            remedy="Name the port tls or https, or set its appProtocol; or write tcp rules.",
        )
    if rules.tcp and not spoken & _BYTES:
        yield _unmet(
            rules.service.key,
            "spec.tcp",
            message="Every port of these hosts is declared as HTTP or TLS.",
            remedy="Name the port tcp, or set its appProtocol; or write http or tls rules.",
        )


def _meant(host: Hostname, registry: Registry) -> Iterator[Registered]:
    if is_wildcard(host):
        yield from (one for known, one in registry.by_host.items() if covers(host, known))
    elif host in registry.by_host:
        yield registry.by_host[host]


def _unmet(key: ObjectKey, field: str, *, message: str, remedy: str) -> Problem:
    return Problem(code=codes.UNMET_CONNECTION_RULES, key=key, field=field, message=message, remedy=remedy)
