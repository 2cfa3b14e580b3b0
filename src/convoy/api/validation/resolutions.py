"""What goes with each resolution of a ServiceEntry: hosts, addresses, endpoints and protocols."""

from collections.abc import Callable, Mapping

from convoy.api import codes
from convoy.api.istio.service_entry import Resolution, ServiceEntrySpec
from convoy.api.paths import child_path, item_path, quote
from convoy.api.validation import names, protocols
from convoy.api.validation.addresses import UNIX
from convoy.api.validation.finding import Findings
from convoy.api.validation.workload_entry import check_rest, check_workload

_FORWARDED = frozenset(("HTTP", "HTTP2", "GRPC", "TLS"))


def check_resolution(spec: ServiceEntrySpec, found: Findings) -> None:
    """The rules of the entry's resolution, and those of addresses that are networks."""
    if spec.resolution not in (Resolution.NONE, Resolution.STATIC):
        for i, address in enumerate(spec.addresses):
            if "/" in address:
                message = f"{quote(address)} is a network, which goes with NONE and STATIC only."
                found.add(codes.CONFLICT, item_path("spec.addresses", i), message, "Use single addresses.")
    for i, endpoint in enumerate(spec.endpoints):
        _check_port_names(item_path("spec.endpoints", i), endpoint.ports, spec, found)
    _CHECKS[spec.resolution](spec, found)


def _check_none(spec: ServiceEntrySpec, found: Findings) -> None:
    if spec.endpoints:
        message = "are set, but resolution NONE sends connections to where they were going."
        found.add(codes.CONFLICT, "spec.endpoints", message, "Remove them, or use STATIC or DNS.")
    for i, endpoint in enumerate(spec.endpoints):
        check_workload(item_path("spec.endpoints", i), endpoint, found)
    if spec.workload_selector is not None:
        message = "is set, but resolution NONE sends connections to where they were going."
        found.add(codes.NO_EFFECT, "spec.workloadSelector", message, "Use resolution STATIC.")


def _check_static(spec: ServiceEntrySpec, found: Findings) -> None:
    for i, endpoint in enumerate(spec.endpoints):
        path = item_path("spec.endpoints", i)
        check_workload(path, endpoint, found, may_be_name=False)
        if endpoint.address.startswith(UNIX) and len(spec.ports) != 1:
            message = f"a socket serves one port, but the entry has {len(spec.ports)}."
            found.add(codes.CONFLICT, f"{path}.address", message, "Use one ServiceEntry per port.")


def _check_dns(spec: ServiceEntrySpec, found: Findings) -> None:
    if not spec.endpoints:
        for i, host in enumerate(spec.hosts):
            if names.is_wildcard(host) and host != "*":
                message = f"{quote(host)} cannot be resolved by DNS, and there are no endpoints."
                path = item_path("spec.hosts", i)
                found.add(codes.CONFLICT, path, message, "Add endpoints, or name the host in full.")
    for i, endpoint in enumerate(spec.endpoints):
        path = item_path("spec.endpoints", i)
        if endpoint.address.startswith(UNIX):
            message = f"a socket needs resolution STATIC, not {spec.resolution}."
            found.add(codes.CONFLICT, f"{path}.address", message, "Change spec.resolution.")
        elif not endpoint.address:
            remedy = "Say an address or a host name."
            found.add(codes.EMPTY, f"{path}.address", "is empty or missing.", remedy)
        elif not names.is_ip(endpoint.address) and not names.is_fqdn(endpoint.address):
            message = f"{quote(endpoint.address)} is neither an address nor a host name."
            remedy = "Use an IP address or a name that DNS knows."
            found.add(codes.BAD_ADDRESS, f"{path}.address", message, remedy)
        check_rest(path, endpoint, found)
    tcp = [port.name for port in spec.ports if port.protocol.upper() not in protocols.HTTP]
    if spec.addresses and len(spec.hosts) > 1 and tcp:
        message = f"are shared by {len(spec.hosts)} hosts, so of port {tcp[0]} only one gets connections."
        found.add(codes.RISKY, "spec.addresses", message, "Use one ServiceEntry per host.")


def _check_round_robin(spec: ServiceEntrySpec, found: Findings) -> None:
    _check_dns(spec, found)
    if len(spec.endpoints) > 1:
        message = f"are {len(spec.endpoints)}, but DNS_ROUND_ROBIN asks for one name."
        found.add(codes.CONFLICT, "spec.endpoints", message, "Keep one, or use resolution DNS.")


def _check_dynamic(spec: ServiceEntrySpec, found: Findings) -> None:
    for i, host in enumerate(spec.hosts):
        if not names.is_wildcard(host):
            message = f"{quote(host)} is no wildcard, but DYNAMIC_DNS is for names that are not known before."
            found.add(codes.CONFLICT, item_path("spec.hosts", i), message, "Use resolution DNS.")
    for member in ("addresses", "endpoints"):
        if getattr(spec, member):
            message = "are set, but DYNAMIC_DNS takes addresses from the request's host."
            found.add(codes.CONFLICT, f"spec.{member}", message, "Remove them.")
    for i, endpoint in enumerate(spec.endpoints):
        check_workload(item_path("spec.endpoints", i), endpoint, found)
    for i, port in enumerate(spec.ports):
        if port.protocol.upper() not in _FORWARDED:
            message = f"{quote(port.protocol)} names no host that could be resolved."
            path = f"{item_path('spec.ports', i)}.protocol"
            found.add(codes.CONFLICT, path, message, f"Use one of {', '.join(sorted(_FORWARDED))}.")


def _check_port_names(path: str, ports: Mapping[str, int], spec: ServiceEntrySpec, found: Findings) -> None:
    known = [port.name for port in spec.ports]
    for name in ports:
        if name not in known and names.is_host_label(name):
            message = f"{quote(name)} is not a port of this entry, which has {', '.join(known) or 'none'}."
            here = child_path(f"{path}.ports", name)
            found.add(codes.BAD_NAME, here, message, "Use one of those, or add the port.")


_CHECKS: Mapping[Resolution, Callable[[ServiceEntrySpec, Findings], None]] = {
    Resolution.NONE: _check_none,
    Resolution.STATIC: _check_static,
    Resolution.DNS: _check_dns,
    Resolution.DNS_ROUND_ROBIN: _check_round_robin,
    Resolution.DYNAMIC_DNS: _check_dynamic,
}
