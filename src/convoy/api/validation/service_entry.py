"""ServiceEntry: hosts, addresses, ports and endpoints, and which of them go with which resolution."""

import posixpath

from convoy.api import codes
from convoy.api.istio.service_entry import Resolution, ServiceEntry, ServiceEntrySpec
from convoy.api.istio.workload_entry import WorkloadEntrySpec
from convoy.api.paths import child_path, item_path, quote
from convoy.api.validation import names, protocols
from convoy.api.validation.finding import Findings

_UNIX = "unix://"


def validate_service_entry(entry: ServiceEntry, found: Findings) -> None:
    """Every rule of the kind."""
    spec = entry.spec
    _check_hosts(spec, found)
    _check_addresses(spec, found)
    _check_ports(spec, found)
    if spec.workload_selector is not None and spec.endpoints:
        message = "excludes endpoints, but both are set."
        found.add(codes.CONFLICT, "spec.workloadSelector", message, "Keep one of them.")
    for i, endpoint in enumerate(spec.endpoints):
        _check_endpoint(item_path("spec.endpoints", i), endpoint, spec, found)
    found.check_export_to("spec.exportTo", spec.export_to)


def _check_hosts(spec: ServiceEntrySpec, found: Findings) -> None:
    found.check_not_empty("spec.hosts", spec.hosts, "Add a host.")
    found.check_unique("spec.hosts", [host.lower() for host in spec.hosts])
    for i, host in enumerate(spec.hosts):
        path = item_path("spec.hosts", i)
        if host == "*":
            found.add(codes.BAD_HOST, path, '"*" alone stands for everything.', 'Use "*.example.com".')
            continue
        found.check_host(path, host, wildcard=True)
        if names.is_partial_wildcard(host) and names.is_wildcard(host):
            message = f"{quote(host)} stands for a part of a label only, which few clients expect."
            found.add(codes.RISKY, path, message, 'Use "*.example.com".')
        if spec.resolution is Resolution.DNS and not spec.endpoints and names.is_wildcard(host):
            message = f"{quote(host)} cannot be resolved by DNS, and there are no endpoints."
            found.add(codes.CONFLICT, path, message, "Add endpoints, or name the host in full.")


def _check_addresses(spec: ServiceEntrySpec, found: Findings) -> None:
    found.check_unique("spec.addresses", spec.addresses)
    for i, address in enumerate(spec.addresses):
        path = item_path("spec.addresses", i)
        if names.is_cidr(address):
            message = f"{quote(address)} is a network, which is not supported yet."
            found.add(codes.NOT_BUILT_FIELD, path, message, "Use single addresses.")
        elif not names.is_ip(address):
            message = f"{quote(address)} is not an address."
            found.add(codes.BAD_ADDRESS, path, message, "Use an IPv4 or IPv6 address.")


def _check_ports(spec: ServiceEntrySpec, found: Findings) -> None:
    for i, port in enumerate(spec.ports):
        path = item_path("spec.ports", i)
        found.check_port(f"{path}.number", port.number)
        found.check_port(f"{path}.targetPort", port.target_port)
        if not names.is_host_label(port.name):
            message = f"{quote(port.name)} is not a port name."
            found.add(codes.BAD_NAME, f"{path}.name", message, 'Use letters, digits and "-".')
        if port.protocol:
            protocols.check_protocol(f"{path}.protocol", port.protocol, found)
        if len(spec.hosts) > 1 and port.protocol.upper() not in protocols.HTTP | protocols.TLS:
            message = f"{len(spec.hosts)} hosts share port {port.number}, whose protocol names no host."
            found.add(
                codes.CONFLICT, path, message, "Use one ServiceEntry per host, or an HTTP or TLS protocol."
            )
    found.check_unique("spec.ports", [port.name for port in spec.ports], member="name")
    found.check_unique("spec.ports", [port.number for port in spec.ports], member="number")


def _check_endpoint(path: str, endpoint: WorkloadEntrySpec, spec: ServiceEntrySpec, found: Findings) -> None:
    _check_endpoint_address(path, endpoint, spec, found)
    known = [port.name for port in spec.ports]
    for name, number in endpoint.ports.items():
        here = child_path(f"{path}.ports", name)
        found.check_port(here, number)
        if name not in known:
            message = f"{quote(name)} is not a port of this entry, which has {', '.join(known) or 'none'}."
            found.add(codes.BAD_NAME, here, message, "Use one of those, or add the port.")
    found.check_labels(f"{path}.labels", endpoint.labels)
    if endpoint.weight is not None and endpoint.weight < 0:
        found.add(codes.BAD_WEIGHT, f"{path}.weight", f"{endpoint.weight} is negative.", "Use 0 or more.")


def _check_endpoint_address(
    path: str, endpoint: WorkloadEntrySpec, spec: ServiceEntrySpec, found: Findings
) -> None:
    address, here = endpoint.address, f"{path}.address"
    if address.startswith(_UNIX):
        _check_socket(path, endpoint, spec, found)
    elif not address:
        if not endpoint.network:
            found.add(codes.EMPTY, here, "is empty or missing.", "Say an address, or the network it is on.")
    elif spec.resolution is Resolution.DNS:
        if not names.is_ip(address) and not names.is_fqdn(address):
            message = f"{quote(address)} is neither an address nor a host name."
            found.add(codes.BAD_ADDRESS, here, message, "Use an IP address or a name that DNS knows.")
    elif not names.is_ip(address):
        message = f"{quote(address)} is not an IP address."
        found.add(codes.BAD_ADDRESS, here, message, "Use an IP address, or resolution DNS for a name.")


def _check_socket(path: str, endpoint: WorkloadEntrySpec, spec: ServiceEntrySpec, found: Findings) -> None:
    if not posixpath.isabs(endpoint.address.removeprefix(_UNIX)):
        message = f"{quote(endpoint.address)} is not an absolute path."
        found.add(codes.BAD_ADDRESS, f"{path}.address", message, 'Write "unix:///" and the path.')
    if endpoint.ports:
        found.add(codes.CONFLICT, f"{path}.ports", "a socket has no ports.", "Remove them.")
    if len(spec.ports) != 1:
        message = f"a socket serves one port, but the entry has {len(spec.ports)}."
        found.add(codes.CONFLICT, f"{path}.address", message, "Use one ServiceEntry per port.")
    if spec.resolution is not Resolution.STATIC:
        message = f"a socket needs resolution STATIC, not {spec.resolution}."
        found.add(codes.CONFLICT, f"{path}.address", message, "Change spec.resolution.")
