"""DestinationRule: its host, its subsets, and the traffic policies of both."""

from convoy.api import codes
from convoy.api.istio.destination_rule import DestinationRule, PortTrafficPolicy, TrafficPolicy, Tunnel
from convoy.api.paths import item_path, quote
from convoy.api.validation import names
from convoy.api.validation.client_tls import check_client_tls
from convoy.api.validation.connection_pools import check_connection_pool
from convoy.api.validation.destinations import check_subset_name
from convoy.api.validation.finding import Findings
from convoy.api.validation.load_balancers import check_load_balancer
from convoy.api.validation.outliers import check_outlier_detection
from convoy.api.validation.selectors import check_selector

_TUNNELS = ("", "CONNECT", "POST")
_PROXY_PROTOCOLS = ("V1", "V2")


def validate_destination_rule(rule: DestinationRule, found: Findings) -> None:
    """Every rule of the kind."""
    spec, own = rule.spec, rule.metadata.namespace
    found.check_host("spec.host", spec.host, wildcard=True, bare=True)
    if names.is_partial_wildcard(spec.host) and names.is_domain(spec.host):
        message = f"{quote(spec.host)} stands for a part of a label only, which few clients expect."
        found.add(codes.RISKY, "spec.host", message, 'Use "*.example.com".')
    _check_policy("spec.trafficPolicy", spec.traffic_policy, found)
    _check_subsets(rule, found)
    check_selector("spec.workloadSelector", spec.workload_selector, found)
    found.check_export_to("spec.exportTo", spec.export_to, own=own)
    if spec.workload_selector is not None and any(target not in (".", own) for target in spec.export_to):
        message = "goes beyond the own namespace, but rules with a workloadSelector hold there only."
        found.add(codes.BAD_EXPORT, "spec.exportTo", message, 'Use ".", or remove it.')


def _check_subsets(rule: DestinationRule, found: Findings) -> None:
    subsets = rule.spec.subsets
    for i, subset in enumerate(subsets):
        path = item_path("spec.subsets", i)
        check_subset_name(f"{path}.name", subset.name, found)
        found.check_labels(f"{path}.labels", subset.labels)
        _check_policy(f"{path}.trafficPolicy", subset.traffic_policy, found)
    found.check_unique("spec.subsets", [subset.name for subset in subsets], member="name")


def _check_policy(path: str, policy: TrafficPolicy | None, found: Findings) -> None:
    if policy is None:
        return
    if policy == TrafficPolicy():
        found.add(codes.EMPTY, path, "sets nothing.", "Add a setting, or remove it.")
    _check_settings(path, policy, found)
    levels = policy.port_level_settings
    for i, level in enumerate(levels):
        _check_port_level(item_path(f"{path}.portLevelSettings", i), level, found)
    numbers = [level.port.number if level.port else -i for i, level in enumerate(levels)]
    found.check_unique(f"{path}.portLevelSettings", numbers, member="port.number")
    if policy.tunnel is not None:
        _check_tunnel(f"{path}.tunnel", policy.tunnel, found)
        if policy.proxy_protocol is not None:
            message = "tunnel and proxyProtocol exclude each other."
            found.add(codes.CONFLICT, path, message, "Keep one of them.")
    if policy.proxy_protocol is not None and policy.proxy_protocol.version not in _PROXY_PROTOCOLS:
        message = f"{quote(policy.proxy_protocol.version)} is not one of {', '.join(_PROXY_PROTOCOLS)}."
        found.add(codes.UNKNOWN_VALUE, f"{path}.proxyProtocol.version", message, "Use one of those.")


def _check_port_level(path: str, level: PortTrafficPolicy, found: Findings) -> None:
    if level.port is None:
        found.add(codes.MISSING_FIELD, f"{path}.port", "is required but missing.", "Add port.number.")
    settings = (level.load_balancer, level.connection_pool, level.outlier_detection, level.tls)
    if not any(setting is not None for setting in settings):
        found.add(codes.EMPTY, path, "sets nothing for its port.", "Add a setting, or remove it.")
    _check_settings(path, level, found)


def _check_settings(path: str, policy: TrafficPolicy | PortTrafficPolicy, found: Findings) -> None:
    """What a policy and the policy of a port have in common."""
    if policy.load_balancer is not None:
        detects = policy.outlier_detection is not None
        check_load_balancer(f"{path}.loadBalancer", policy.load_balancer, found, detects_outliers=detects)
    if policy.connection_pool is not None:
        check_connection_pool(f"{path}.connectionPool", policy.connection_pool, found)
    if policy.outlier_detection is not None:
        check_outlier_detection(f"{path}.outlierDetection", policy.outlier_detection, found)
    if policy.tls is not None:
        check_client_tls(f"{path}.tls", policy.tls, found)


def _check_tunnel(path: str, tunnel: Tunnel, found: Findings) -> None:
    if tunnel.protocol not in _TUNNELS:
        message = f"{quote(tunnel.protocol)} does not open tunnels."
        found.add(codes.UNKNOWN_VALUE, f"{path}.protocol", message, "Use CONNECT or POST.")
    if not names.is_fqdn(tunnel.target_host) and not names.is_ip(tunnel.target_host):
        message = f"{quote(tunnel.target_host)} is neither a host name nor an address."
        found.add(codes.BAD_HOST, f"{path}.targetHost", message, "Say where the tunnel ends.")
