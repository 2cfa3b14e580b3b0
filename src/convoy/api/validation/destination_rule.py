"""DestinationRule: host, subsets and traffic policies."""

from datetime import timedelta

from convoy.api import codes
from convoy.api.istio.destination_rule import DestinationRule, PortTrafficPolicy, SimpleLb, TrafficPolicy
from convoy.api.paths import item_path, quote
from convoy.api.validation import names
from convoy.api.validation.finding import Findings

_LONGEST_CONNECT = timedelta(hours=1)


def validate_destination_rule(rule: DestinationRule, found: Findings) -> None:
    """Every rule of the kind."""
    spec = rule.spec
    found.check_host("spec.host", spec.host, wildcard=True, bare=True)
    if names.is_partial_wildcard(spec.host) and names.is_wildcard(spec.host):
        message = f"{quote(spec.host)} stands for a part of a label only, which few clients expect."
        found.add(codes.RISKY, "spec.host", message, 'Use "*.example.com".')
    _check_policy("spec.trafficPolicy", spec.traffic_policy, found)
    _check_subsets(rule, found)
    found.check_export_to("spec.exportTo", spec.export_to)


def _check_subsets(rule: DestinationRule, found: Findings) -> None:
    subsets = rule.spec.subsets
    for i, subset in enumerate(subsets):
        path = item_path("spec.subsets", i)
        if not names.is_host_label(subset.name):
            message = f"{quote(subset.name)} is not a subset name."
            found.add(codes.BAD_NAME, f"{path}.name", message, 'Use letters, digits and "-".')
        found.check_labels(f"{path}.labels", subset.labels)
        _check_policy(f"{path}.trafficPolicy", subset.traffic_policy, found)
    found.check_unique("spec.subsets", [subset.name for subset in subsets], member="name")


def _check_policy(path: str, policy: TrafficPolicy | None, found: Findings) -> None:
    if policy is None:
        return
    if policy == TrafficPolicy():
        found.add(codes.EMPTY, path, "sets nothing.", "Add a setting, or remove it.")
    _check_settings(path, policy, found)
    if policy.connection_pool and policy.connection_pool.tcp:
        timeout = policy.connection_pool.tcp.connect_timeout
        found.check_duration(f"{path}.connectionPool.tcp.connectTimeout", timeout, at_most=_LONGEST_CONNECT)
    levels = policy.port_level_settings
    for i, level in enumerate(levels):
        _check_port_level(item_path(f"{path}.portLevelSettings", i), level, found)
    numbers = [level.port.number if level.port else -i for i, level in enumerate(levels)]
    found.check_unique(f"{path}.portLevelSettings", numbers, member="port.number")


def _check_port_level(path: str, level: PortTrafficPolicy, found: Findings) -> None:
    if level.port is None:
        found.add(codes.MISSING_FIELD, f"{path}.port", "is required but missing.", "Add port.number.")
    else:
        found.check_port(f"{path}.port.number", level.port.number)
    settings = (level.load_balancer, level.connection_pool, level.outlier_detection, level.tls)
    if not any(setting is not None for setting in settings):
        found.add(codes.EMPTY, path, "sets nothing for its port.", "Add a setting, or remove it.")
    _check_settings(path, level, found)


def _check_settings(path: str, policy: TrafficPolicy | PortTrafficPolicy, found: Findings) -> None:
    """What a policy and the policy of a port have in common."""
    if policy.load_balancer and policy.load_balancer.simple is SimpleLb.LEAST_CONN:
        remedy = "Use LEAST_REQUEST, which is the same."
        found.add(codes.DEPRECATED, f"{path}.loadBalancer.simple", "LEAST_CONN is deprecated.", remedy)
    if policy.tls:
        for i, name in enumerate(policy.tls.subject_alt_names):
            found.check_not_empty(f"{path}.tls.subjectAltNames[{i}]", name, "Remove it, or say the name.")
        if policy.tls.sni:
            found.check_host(f"{path}.tls.sni", policy.tls.sni)
