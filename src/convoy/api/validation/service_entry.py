"""ServiceEntry: hosts, addresses and ports. What goes with which resolution is in `resolutions`."""

from convoy.api import codes
from convoy.api.istio.service_entry import Resolution, ServiceEntry, ServiceEntrySpec
from convoy.api.paths import item_path, quote
from convoy.api.validation import names, protocols
from convoy.api.validation.addresses import check_subnet
from convoy.api.validation.finding import Findings
from convoy.api.validation.resolutions import check_resolution
from convoy.api.validation.selectors import check_selector
from convoy.api.validation.workload_entry import check_port_name


def validate_service_entry(entry: ServiceEntry, found: Findings) -> None:
    """Every rule of the kind."""
    spec = entry.spec
    _check_hosts(spec, found)
    for i, address in enumerate(spec.addresses):
        check_subnet(item_path("spec.addresses", i), address, found)
    _check_ports(spec, found)
    check_selector("spec.workloadSelector", spec.workload_selector, found)
    if spec.workload_selector is not None and spec.endpoints:
        message = "excludes endpoints, but both are set."
        found.add(codes.CONFLICT, "spec.workloadSelector", message, "Keep one of them.")
    check_resolution(spec, found)
    own = entry.metadata.namespace
    found.check_export_to("spec.exportTo", spec.export_to, own=own, may_be_none=True)


def _check_hosts(spec: ServiceEntrySpec, found: Findings) -> None:
    found.check_not_empty("spec.hosts", spec.hosts, "Add a host.")
    for i, host in enumerate(spec.hosts):
        path = item_path("spec.hosts", i)
        if host == "*":
            found.add(codes.BAD_HOST, path, '"*" alone stands for everything.', 'Use "*.example.com".')
            continue
        found.check_host(path, host, wildcard=True)
        is_partial = names.is_partial_wildcard(host) and names.is_domain(host)
        if is_partial and spec.resolution is not Resolution.DYNAMIC_DNS:
            message = f"{quote(host)} stands for a part of a label only, which few clients expect."
            found.add(codes.RISKY, path, message, 'Use "*.example.com".')
        if host.lower() in (earlier.lower() for earlier in spec.hosts[:i]):
            found.add(codes.NO_EFFECT, path, f"{quote(host)} is listed before.", "Remove one of them.")


def _check_ports(spec: ServiceEntrySpec, found: Findings) -> None:
    for i, port in enumerate(spec.ports):
        path = item_path("spec.ports", i)
        check_port_name(f"{path}.name", port.name, found)
        protocol = port.protocol.upper()
        if protocol:
            protocols.check_protocol(f"{path}.protocol", port.protocol, found)
        shares = len(spec.hosts) > 1 and spec.resolution is not Resolution.NONE
        if shares and protocol not in protocols.HTTP | protocols.TLS:
            message = f"{len(spec.hosts)} hosts share port {port.number}, whose protocol names no host."
            remedy = "Use one ServiceEntry per host, or an HTTP or TLS protocol."
            found.add(codes.CONFLICT, path, message, remedy)
    found.check_unique("spec.ports", [port.name for port in spec.ports], member="name")
    found.check_unique("spec.ports", [port.number for port in spec.ports], member="number")
