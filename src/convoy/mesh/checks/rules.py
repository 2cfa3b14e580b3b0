"""DestinationRules that reach no service, hide each other, or choose endpoints that are not there."""

from collections.abc import Iterator

from convoy.api import codes
from convoy.api.istio.destination_rule import ClientTlsMode, Subset
from convoy.api.meta import Hostname
from convoy.api.paths import quote
from convoy.api.problems import Problem
from convoy.mesh.assignments import EndpointSelector, select_endpoints, subset_labels
from convoy.mesh.checks.finding import host_hint, named
from convoy.mesh.facts import Ground
from convoy.mesh.host_rules import HostRule
from convoy.mesh.hosts import covers, is_wildcard
from convoy.mesh.model import EndpointKey, Labels
from convoy.mesh.services import Registered, Registry
from convoy.mesh.short_names import split_global


def check_rules(facts: Ground) -> Iterator[Problem]:
    """Every DestinationRule, and those of one namespace that share a host and select alike."""
    first: dict[tuple[str, str, Labels], HostRule] = {}
    for rule in facts.rules:
        yield from _check_host(rule, facts)
        yield from _check_global(rule)
        yield from _check_subsets(rule, facts)
        older = first.setdefault((rule.key.namespace, rule.host, rule.selector), rule)
        if older is not rule:
            yield from _check_merge(rule, older)


def listed_ports(registry: Registry) -> tuple[EndpointKey, ...]:
    """The ports whose endpoints these checks look at."""
    services = (one.service for one in registry if _lists_endpoints(one))
    return tuple(service.endpoint_key(port) for service in services for port in service.ports)


def _check_host(rule: HostRule, facts: Ground) -> Iterator[Problem]:
    known = facts.registry.by_host
    # A wildcard rule is often there before the first service it is meant for.
    if is_wildcard(rule.host) or rule.host in known:
        return
    yield Problem(
        code=codes.UNKNOWN_RULE_HOST,
        key=rule.key,
        field="spec.host",
        message=f"{quote(rule.host)} is no known service.",
        remedy=host_hint(rule.host, known, domain=facts.settings.cluster_domain),
    )


def _check_global(rule: HostRule) -> Iterator[Problem]:
    policy = rule.rule.spec.traffic_policy
    mode = policy.tls.mode if policy and policy.tls else None
    is_global = rule.host == "*.global" or split_global(rule.host) is not None
    by_port = any(level.tls for level in policy.port_level_settings) if policy else False
    if not is_global or by_port or mode is ClientTlsMode.ISTIO_MUTUAL:
        return
    said = f"mode {mode} sends" if mode else "without tls, connections are"
    yield Problem(
        code=codes.GLOBAL_WITHOUT_TLS,
        key=rule.key,
        field="spec.trafficPolicy.tls" if policy else "spec",
        message=f"For {quote(rule.host)} {said} plain text, which the other cluster's gateway refuses."
        " Nothing is inherited from a rule for a wildcard host.",
        remedy="Set spec.trafficPolicy.tls.mode to ISTIO_MUTUAL.",
    )


def _check_subsets(rule: HostRule, facts: Ground) -> Iterator[Problem]:
    for registered in _listed_services(rule, facts):
        for index, subset in enumerate(rule.rule.spec.subsets):
            if not _has_endpoints(registered, subset, facts):
                labels = ", ".join(f"{key}: {value}" for key, value in sorted(subset.labels.items()))
                yield Problem(
                    code=codes.SUBSET_WITHOUT_ENDPOINTS,
                    key=rule.key,
                    field=f"spec.subsets[{index}].labels",
                    message=f"No endpoint of {named(registered.source)} has the labels {quote(labels)} of"
                    f" subset {quote(subset.name)}.",
                    remedy="Use the labels that the ServiceEntry gives its endpoints.",
                )


def _listed_services(rule: HostRule, facts: Ground) -> Iterator[Registered]:
    """Those with endpoints of their own writing: pods come and go, written endpoints do not."""
    by_host = facts.registry.by_host
    if is_wildcard(rule.host):
        found = [registered for host, registered in by_host.items() if covers(rule.host, host)]
    else:  # most rules; there are as many hosts as rules
        found = [by_host[Hostname(rule.host)]] if rule.host in by_host else []
    yield from filter(_lists_endpoints, found)


def _lists_endpoints(registered: Registered) -> bool:
    return any(entry.spec.endpoints for entry in registered.entries)


def _has_endpoints(registered: Registered, subset: Subset, facts: Ground) -> bool:
    selector = EndpointSelector(subset_labels(subset))
    service = registered.service
    return any(
        select_endpoints(facts.endpoints[service.endpoint_key(port)], selector) for port in service.ports
    )


def _check_merge(rule: HostRule, older: HostRule) -> Iterator[Problem]:
    mine, first = rule.rule.spec, older.rule.spec
    if mine.traffic_policy and first.traffic_policy:
        yield Problem(
            code=codes.OVERRIDDEN_RULE,
            key=rule.key,
            field="spec.trafficPolicy",
            message=f"{named(older.key)} is for the same host and older: its trafficPolicy counts.",
            remedy="Put what is meant for one host into one DestinationRule.",
        )
    names = {subset.name.lower(): subset.name for subset in first.subsets}
    for index, subset in enumerate(mine.subsets):
        taken = names.get(subset.name.lower())
        if taken is None:
            continue
        is_same = taken == subset.name
        yield Problem(
            code=codes.OVERRIDDEN_RULE if is_same else codes.SUBSETS_ALIKE,
            key=rule.key,
            field=f"spec.subsets[{index}].name",
            message=f"{named(older.key)}, which is older, has {quote(taken)}"
            + (" already and counts." if is_same else ": gateways cannot tell them apart by SNI."),
            remedy="Rename one of them." if not is_same else "Remove one of them.",
        )
