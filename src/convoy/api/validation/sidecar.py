"""Sidecar: what its workloads listen for, and what they know of the mesh."""

from convoy.api import codes
from convoy.api.istio.sidecar import (
    CaptureMode,
    EgressListener,
    OutboundMode,
    OutboundTrafficPolicy,
    Sidecar,
    SidecarPort,
    SidecarSpec,
)
from convoy.api.paths import item_path, quote
from convoy.api.validation import names
from convoy.api.validation.addresses import UNIX, check_socket_path
from convoy.api.validation.connection_pools import check_connection_pool
from convoy.api.validation.destinations import check_destination
from convoy.api.validation.finding import Findings
from convoy.api.validation.imports import check_imports
from convoy.api.validation.ingress_listeners import check_ingress, check_port
from convoy.api.validation.selectors import check_selector


def validate_sidecar(sidecar: Sidecar, found: Findings) -> None:
    """Every rule of the kind."""
    spec = sidecar.spec
    check_selector("spec.workloadSelector", spec.workload_selector, found)
    settings = (spec.outbound_traffic_policy, spec.inbound_connection_pool)
    if not spec.ingress and not spec.egress and not any(setting is not None for setting in settings):
        remedy = "Set ingress, egress, outboundTrafficPolicy or inboundConnectionPool."
        found.add(codes.EMPTY, "spec", "sets nothing.", remedy)
    check_ingress("spec.ingress", spec.ingress, found)
    _check_egress("spec.egress", spec, sidecar.metadata.namespace, found)
    if spec.inbound_connection_pool is not None:
        check_connection_pool("spec.inboundConnectionPool", spec.inbound_connection_pool, found)
    if spec.outbound_traffic_policy is not None:
        _check_outbound("spec.outboundTrafficPolicy", spec.outbound_traffic_policy, found)


def _check_egress(path: str, spec: SidecarSpec, namespace: str, found: Findings) -> None:
    listeners = spec.egress
    for i, listener in enumerate(listeners):
        here = item_path(path, i)
        if listener.port is not None:
            _check_listener(here, listener, listener.port, found)
        elif i + 1 < len(listeners):
            message = "has no port, so it stands for all others, but it is not the last."
            if any(other.port is None for other in listeners[i + 1 :]):
                message = "has no port, so it stands for all others, but it is not the only one of these."
            found.add(codes.CONFLICT, here, message, "Add a port, or keep one such listener, at the end.")
        check_imports(f"{here}.hosts", listener.hosts, namespace, found)
    numbers = [
        listener.port.number if listener.port and listener.port.number else listener.bind or f"#{i}"
        for i, listener in enumerate(listeners)
        if listener.port is not None
    ]
    with_port = [i for i, listener in enumerate(listeners) if listener.port is not None]
    for position, number in enumerate(numbers):
        if number in numbers[:position]:
            first = with_port[numbers.index(number)]
            message = f"{quote(number)} is used twice; {item_path(path, first)} has it, too."
            found.add(
                codes.DUPLICATE_VALUE, f"{item_path(path, with_port[position])}.port", message, "Change it."
            )


def _check_listener(path: str, listener: EgressListener, port: SidecarPort, found: Findings) -> None:
    check_port(path, port, found)
    bind = listener.bind
    if port.number:
        if bind and not names.is_ip(bind):
            message = f"{quote(bind)} is not an IP address."
            found.add(codes.BAD_ADDRESS, f"{path}.bind", message, "Use one, or port 0 for a socket's path.")
        return
    if not bind.startswith(UNIX):
        message = "is 0, which is for sockets, but bind is no socket's path."
        found.add(codes.BAD_PORT, f"{path}.port.number", message, 'Use 1 to 65535, or bind "unix:///".')
    else:
        check_socket_path(f"{path}.bind", bind, found)
    if listener.capture_mode is CaptureMode.IPTABLES:
        message = "IPTABLES captures connections to ports, but this is a socket."
        found.add(codes.CONFLICT, f"{path}.captureMode", message, "Use DEFAULT or NONE.")


def _check_outbound(path: str, policy: OutboundTrafficPolicy, found: Findings) -> None:
    proxy = policy.egress_proxy
    if proxy is None:
        return
    if policy.mode is not OutboundMode.ALLOW_ANY:
        message = "takes traffic to hosts that are not known, but the mode is not ALLOW_ANY."
        found.add(codes.CONFLICT, f"{path}.egressProxy", message, "Set the mode, or remove it.")
    if proxy.port is None:
        message = "is required but missing."
        found.add(codes.MISSING_FIELD, f"{path}.egressProxy.port", message, "Say the port of the host.")
    if names.is_wildcard(proxy.host):
        message = f"{quote(proxy.host)} is no single host."
        found.add(codes.BAD_HOST, f"{path}.egressProxy.host", message, "Name the host in full.")
    else:
        check_destination(f"{path}.egressProxy", proxy, found)
