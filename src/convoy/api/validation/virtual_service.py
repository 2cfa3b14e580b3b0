"""VirtualService: hosts and gateways, and its rules one by one."""

from convoy.api import codes
from convoy.api.istio.virtual_service import VirtualService, VirtualServiceSpec
from convoy.api.paths import item_path, quote
from convoy.api.validation import names
from convoy.api.validation.finding import Findings
from convoy.api.validation.gateway_names import check_gateway_names, is_for_mesh
from convoy.api.validation.http_rules import check_rule
from convoy.api.validation.l4_rules import check_tcp_rule, check_tls_rule
from convoy.api.validation.reachability import check_reachable


def validate_virtual_service(service: VirtualService, found: Findings) -> None:
    """Every rule of the kind."""
    spec = service.spec
    _check_hosts(spec, found)
    check_gateway_names("spec.gateways", spec.gateways, found)
    found.check_unique("spec.gateways", spec.gateways)
    if not spec.hosts:
        _check_delegate(spec, found)
    if not (spec.http or spec.tls or spec.tcp):
        found.add(codes.EMPTY, "spec.http", "has no rule.", "Add a rule with a route.")
    at_gateways_only = not is_for_mesh(spec.gateways)
    for i, rule in enumerate(spec.http):
        path = item_path("spec.http", i)
        check_rule(path, rule, found, is_delegate=not spec.hosts, at_gateways_only=at_gateways_only)
    for i, tls in enumerate(spec.tls):
        check_tls_rule(item_path("spec.tls", i), tls, spec, found)
    for i, tcp in enumerate(spec.tcp):
        check_tcp_rule(item_path("spec.tcp", i), tcp, found)
    check_reachable(spec, found)
    found.check_export_to("spec.exportTo", spec.export_to, own=service.metadata.namespace)


def _check_delegate(spec: VirtualServiceSpec, found: Findings) -> None:
    """Without hosts it is one that others include: HTTP rules and nothing else."""
    for member in ("gateways", "tls", "tcp"):
        if getattr(spec, member):
            message = "is set, but without hosts this is a delegate, which has HTTP rules only."
            found.add(codes.CONFLICT, f"spec.{member}", message, "Add hosts, or remove it.")


def _check_hosts(spec: VirtualServiceSpec, found: Findings) -> None:
    in_mesh = is_for_mesh(spec.gateways)
    has_names = any(match.sni_hosts for rule in spec.tls for match in rule.match)
    for i, host in enumerate(spec.hosts):
        path = item_path("spec.hosts", i)
        if host == "*" and in_mesh:
            remedy = "Name the hosts, or name gateways other than mesh in spec.gateways."
            found.add(codes.BAD_HOST, path, '"*" would take over every host of the mesh.', remedy)
        elif not names.is_ip(host) and not (has_names and not in_mesh and names.is_cluster_sni(host)):
            found.check_host(path, host, wildcard=True, bare=True)
        for j, other in enumerate(spec.hosts[:i]):
            if names.covers(other, host) or names.covers(host, other):
                message = f"{quote(host)} and {quote(other)} (spec.hosts[{j}]) overlap."
                found.add(codes.DUPLICATE_VALUE, path, message, "Remove one of them.")
                break
