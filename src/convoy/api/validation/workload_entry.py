"""WorkloadEntry: where a workload is, also where a ServiceEntry or WorkloadGroup says it inline."""

from convoy.api import codes
from convoy.api.istio.workload_entry import WorkloadEntry, WorkloadEntrySpec
from convoy.api.paths import child_path, quote
from convoy.api.validation import names
from convoy.api.validation.addresses import UNIX, check_socket_path
from convoy.api.validation.finding import Findings


def validate_workload_entry(entry: WorkloadEntry, found: Findings) -> None:
    """Every rule of the kind."""
    check_workload("spec", entry.spec, found)
    if not entry.spec.address and entry.spec.network:
        message = "is missing, so calls go to the gateway of the network."
        found.add(codes.RISKY, "spec.address", message, "Say the address if callers can reach it.")


def check_workload(path: str, spec: WorkloadEntrySpec, found: Findings, *, may_be_name: bool = True) -> None:
    """An address (with `may_be_name` also a host name) or a network, port names and labels."""
    address, here = spec.address, f"{path}.address"
    if not address and not spec.network:
        found.add(codes.EMPTY, here, "is empty or missing.", "Say an address, or the network it is on.")
    check_address(here, address, found, may_be_name=may_be_name)
    check_rest(path, spec, found)


def check_address(path: str, address: str, found: Findings, *, may_be_name: bool) -> None:
    """An IP address, a socket's path or, with `may_be_name`, a host name; or none."""
    if address.startswith(UNIX):
        check_socket_path(path, address, found)
    elif not address or names.is_ip(address):
        return
    elif not may_be_name:
        message = f"{quote(address)} is not an IP address."
        found.add(codes.BAD_ADDRESS, path, message, "Use an IP address, or resolution DNS for a name.")
    elif not names.is_fqdn(address):
        message = f"{quote(address)} is neither an address nor a host name."
        found.add(codes.BAD_ADDRESS, path, message, "Use an IP address or a name that DNS knows.")


def check_rest(path: str, spec: WorkloadEntrySpec, found: Findings) -> None:
    """Ports, which a socket has none of, and labels."""
    if spec.address.startswith(UNIX) and spec.ports:
        found.add(codes.CONFLICT, f"{path}.ports", "a socket has no ports.", "Remove them.")
    for name in spec.ports:
        check_port_name(child_path(f"{path}.ports", name), name, found)
    found.check_labels(f"{path}.labels", spec.labels)


def check_port_name(path: str, name: str, found: Findings) -> None:
    """A DNS label, in upper or lower case."""
    if not names.is_host_label(name):
        message = f"{quote(name)} is not a port name."
        found.add(codes.BAD_NAME, path, message, 'Use letters, digits and "-".')
