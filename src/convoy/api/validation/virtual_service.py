"""VirtualService: hosts, gateways and HTTP rules."""

from convoy.api import codes
from convoy.api.istio.common import Destination
from convoy.api.istio.virtual_service import (
    HttpRetry,
    HttpRoute,
    HttpRouteDestination,
    VirtualService,
    VirtualServiceSpec,
)
from convoy.api.paths import item_path, quote
from convoy.api.validation import names
from convoy.api.validation.finding import Findings
from convoy.api.validation.http_match import check_match, is_catch_all

MESH_GATEWAY = "mesh"
RETRY_POLICIES = frozenset(
    (
        "5xx",
        "gateway-error",
        "reset",
        "reset-before-request",
        "connect-failure",
        "envoy-ratelimited",
        "retriable-4xx",
        "refused-stream",
        "retriable-status-codes",
        "retriable-headers",
        "http3-post-connect-failure",
        "cancelled",
        "deadline-exceeded",
        "internal",
        "resource-exhausted",
        "unavailable",
    )
)


def validate_virtual_service(service: VirtualService, found: Findings) -> None:
    """Every rule of the kind."""
    spec = service.spec
    found.check_not_empty("spec.hosts", spec.hosts, "Add the host whose requests it routes.")
    _check_hosts(spec, found)
    for i, gateway in enumerate(spec.gateways):
        check_gateway_name(item_path("spec.gateways", i), gateway, found)
    found.check_unique("spec.gateways", spec.gateways)
    if not (spec.http or spec.tls or spec.tcp):
        found.add(codes.EMPTY, "spec.http", "has no rule.", "Add a rule with a route.")
    for i, rule in enumerate(spec.http):
        _check_rule(item_path("spec.http", i), rule, found)
    _check_reachable(spec.http, found)
    found.check_export_to("spec.exportTo", spec.export_to)


def _check_hosts(spec: VirtualServiceSpec, found: Findings) -> None:
    in_mesh = not spec.gateways or MESH_GATEWAY in spec.gateways
    for i, host in enumerate(spec.hosts):
        path = item_path("spec.hosts", i)
        if host == "*" and in_mesh:
            remedy = "Name the hosts, or name gateways other than mesh in spec.gateways."
            found.add(codes.BAD_HOST, path, '"*" would take over every host of the mesh.', remedy)
        elif not names.is_ip(host):
            found.check_host(path, host, wildcard=True, bare=True)
        for j, other in enumerate(spec.hosts[:i]):
            if names.covers(other, host) or names.covers(host, other):
                message = f"{quote(host)} and {quote(other)} (spec.hosts[{j}]) overlap."
                found.add(codes.DUPLICATE_VALUE, path, message, "Remove one of them.")
                break


def check_gateway_name(path: str, gateway: str, found: Findings) -> None:
    """`mesh`, the name of a Gateway, or namespace and name with a slash."""
    namespace, slash, name = gateway.rpartition("/")
    if not (names.is_label(namespace) or not slash) or not names.is_subdomain(name):
        remedy = 'Write "mesh", the name of a Gateway, or "namespace/name".'
        found.add(codes.BAD_REFERENCE, path, f"{quote(gateway)} does not name a Gateway.", remedy)
    elif "." in name:
        message = f"{quote(gateway)} is the old form of naming a Gateway."
        found.add(codes.DEPRECATED, path, message, 'Write "namespace/name".')


def _check_rule(path: str, rule: HttpRoute, found: Findings) -> None:
    actions = {
        "route": bool(rule.route),
        "redirect": rule.redirect is not None,
        "directResponse": rule.direct_response is not None,
        "delegate": rule.delegate is not None,
    }
    chosen = [name for name, is_set in actions.items() if is_set]
    if not chosen:
        found.add(codes.EMPTY, f"{path}.route", "is empty or missing.", "Say where the requests go.")
    elif len(chosen) > 1:
        message = f"{' and '.join(chosen)} exclude each other."
        found.add(codes.CONFLICT, path, message, "Keep one of them.")
    for i, match in enumerate(rule.match):
        check_match(item_path(f"{path}.match", i), match, found)
        for j, gateway in enumerate(match.gateways):
            check_gateway_name(f"{path}.match[{i}].gateways[{j}]", gateway, found)
    _check_route(f"{path}.route", rule.route, found)
    found.check_duration(f"{path}.timeout", rule.timeout)
    if rule.retries is not None:
        _check_retries(f"{path}.retries", rule.retries, found)


def _check_route(path: str, route: list[HttpRouteDestination], found: Findings) -> None:
    for i, choice in enumerate(route):
        here = item_path(path, i)
        _check_destination(f"{here}.destination", choice.destination, found)
        if choice.weight < 0:
            found.add(codes.BAD_WEIGHT, f"{here}.weight", f"{choice.weight} is negative.", "Use 0 or more.")
    if len(route) > 1 and sum(choice.weight for choice in route) == 0:
        message = f"the weights of {len(route)} destinations add up to 0, so none would get a request."
        found.add(codes.BAD_WEIGHT, path, message, "Give each its weight.")


def _check_destination(path: str, destination: Destination, found: Findings) -> None:
    found.check_host(f"{path}.host", destination.host)
    if destination.subset and not names.is_host_label(destination.subset):
        message = f"{quote(destination.subset)} is not a subset name."
        found.add(codes.BAD_NAME, f"{path}.subset", message, 'Use letters, digits and "-".')
    if destination.port:
        found.check_port(f"{path}.port.number", destination.port.number)


def _check_retries(path: str, retries: HttpRetry, found: Findings) -> None:
    if retries.attempts < 0:
        found.add(codes.BAD_POLICY, f"{path}.attempts", f"{retries.attempts} is negative.", "Use 0 or more.")
    if retries.attempts == 0 and (retries.retry_on or retries.per_try_timeout is not None):
        message = "is 0 or missing, which turns retries off, but other retry fields are set."
        found.add(codes.CONFLICT, f"{path}.attempts", message, "Set it, or remove the others.")
    found.check_duration(f"{path}.perTryTimeout", retries.per_try_timeout)
    for policy in filter(None, (part.strip() for part in retries.retry_on.split(","))):
        is_status = policy.isdecimal() and 100 <= int(policy[:4]) <= 599
        if policy not in RETRY_POLICIES and not is_status:
            message = f"{quote(policy)} is neither a retry policy nor an HTTP status."
            found.add(
                codes.BAD_POLICY, f"{path}.retryOn", message, f"Known: {', '.join(sorted(RETRY_POLICIES))}."
            )


def _check_reachable(rules: list[HttpRoute], found: Findings) -> None:
    for i, rule in enumerate(rules[:-1]):
        if not rule.match or any(map(is_catch_all, rule.match)):
            message = f"is never reached: spec.http[{i}] takes every request."
            found.add(codes.NO_EFFECT, item_path("spec.http", i + 1), message, "Move that rule to the end.")
            return
