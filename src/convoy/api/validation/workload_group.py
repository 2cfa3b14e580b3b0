"""WorkloadGroup: a template for WorkloadEntries, and how their workloads are probed."""

from convoy.api import codes
from convoy.api.istio.workload_group import HttpGetProbe, ReadinessProbe, WorkloadGroup
from convoy.api.paths import item_path, quote
from convoy.api.validation import names
from convoy.api.validation.finding import Findings
from convoy.api.validation.workload_entry import check_address, check_rest

_SCHEMES = ("", "HTTP", "HTTPS")


def validate_workload_group(group: WorkloadGroup, found: Findings) -> None:
    """Every rule of the kind. A template's address is filled in by whoever joins, so it may be missing."""
    spec = group.spec
    found.check_labels("spec.metadata.labels", spec.metadata.labels)
    check_address("spec.template.address", spec.template.address, found, may_be_name=True)
    check_rest("spec.template", spec.template, found)
    if spec.probe is not None:
        _check_probe("spec.probe", spec.probe, found)


def _check_probe(path: str, probe: ReadinessProbe, found: Findings) -> None:
    methods = {
        "httpGet": probe.http_get,
        "tcpSocket": probe.tcp_socket,
        "exec": probe.exec,
        "grpc": probe.grpc,
    }
    given = [name for name, value in methods.items() if value is not None]
    if not given:
        found.add(codes.EMPTY, path, "asks nothing.", "Set httpGet, tcpSocket, exec or grpc.")
    elif len(given) > 1:
        found.add(codes.CONFLICT, path, f"{' and '.join(given)} exclude each other.", "Keep one of them.")
    if probe.http_get is not None:
        _check_http(f"{path}.httpGet", probe.http_get, found)
    if probe.exec is not None:
        found.check_not_empty(f"{path}.exec.command", probe.exec.command, "Say what to run.")


def _check_http(path: str, probe: HttpGetProbe, found: Findings) -> None:
    if probe.scheme not in _SCHEMES:
        message = f"{quote(probe.scheme)} is not a scheme of probes."
        found.add(codes.UNKNOWN_VALUE, f"{path}.scheme", message, "Use HTTP or HTTPS.")
    for i, header in enumerate(probe.http_headers):
        if not names.is_strict_header_name(header.name):
            here = f"{item_path(f'{path}.httpHeaders', i)}.name"
            message = f"{quote(header.name)} is not a header name."
            found.add(codes.BAD_HEADER, here, message, 'Use letters, digits, "-" and "_".')
