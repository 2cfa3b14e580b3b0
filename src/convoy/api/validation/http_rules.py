"""One HTTP rule of a VirtualService: what it does, and which of its fields go together."""

from convoy.api import codes
from convoy.api.istio.virtual_service import HttpRoute, HttpRouteDestination
from convoy.api.paths import item_path
from convoy.api.validation.cors import check_cors
from convoy.api.validation.destinations import check_destination, check_weights
from convoy.api.validation.faults import check_fault
from convoy.api.validation.finding import Findings
from convoy.api.validation.header_operations import check_headers
from convoy.api.validation.http_match import check_match
from convoy.api.validation.mirrors import check_mirrors
from convoy.api.validation.redirects import check_direct_response, check_redirect
from convoy.api.validation.retries import check_retries
from convoy.api.validation.rewrites import check_authority, check_rewrite

_ACTIONS = ("route", "redirect", "directResponse", "delegate")


def check_rule(
    path: str, rule: HttpRoute, found: Findings, *, is_delegate: bool, at_gateways_only: bool
) -> None:
    """Everything in one entry of `http`; `is_delegate` where another VirtualService includes it."""
    _check_action(path, rule, found, is_delegate=is_delegate)
    for i, match in enumerate(rule.match):
        check_match(item_path(f"{path}.match", i), match, found, at_gateways_only=at_gateways_only)
    check_route(f"{path}.route", rule.route, found)
    if rule.redirect is not None:
        check_redirect(f"{path}.redirect", rule.redirect, rule.match, found)
    if rule.direct_response is not None:
        check_direct_response(f"{path}.directResponse", rule.direct_response, found)
    if rule.rewrite is not None:
        check_rewrite(f"{path}.rewrite", rule.rewrite, found)
    check_authority(path, rule.rewrite, rule.headers, found)
    if rule.retries is not None:
        check_retries(f"{path}.retries", rule.retries, found)
    if rule.fault is not None:
        check_fault(f"{path}.fault", rule.fault, found)
    check_mirrors(path, rule, found)
    if rule.cors_policy is not None:
        check_cors(f"{path}.corsPolicy", rule.cors_policy, found)
    check_headers(f"{path}.headers", rule.headers, found)


def check_route(path: str, route: list[HttpRouteDestination], found: Findings) -> None:
    """Destinations, their weights, and what each changes of the headers."""
    for i, choice in enumerate(route):
        here = item_path(path, i)
        check_destination(f"{here}.destination", choice.destination, found)
        check_headers(f"{here}.headers", choice.headers, found)
    check_weights(path, [choice.weight for choice in route], found)


def _check_action(path: str, rule: HttpRoute, found: Findings, *, is_delegate: bool) -> None:
    set_actions = (rule.route, rule.redirect, rule.direct_response, rule.delegate)
    chosen = [name for name, value in zip(_ACTIONS, set_actions, strict=True) if value]
    if not chosen:
        found.add(codes.EMPTY, f"{path}.route", "is empty or missing.", "Say where the requests go.")
    elif len(chosen) > 1:
        found.add(codes.CONFLICT, path, f"{' and '.join(chosen)} exclude each other.", "Keep one of them.")
    answers = [name for name in chosen if name in ("redirect", "directResponse")]
    for member, value in (("fault", rule.fault), ("rewrite", rule.rewrite)):
        if answers and value is not None:
            message = f"{answers[0]} and {member} exclude each other: nothing is sent on."
            found.add(codes.CONFLICT, f"{path}.{member}", message, "Keep one of them.")
    if rule.delegate is None:
        return
    if is_delegate:
        message = "stands in a VirtualService without hosts, which is a delegate itself."
        found.add(codes.CONFLICT, f"{path}.delegate", message, "Only one level of delegation is possible.")
    _check_delegate_name(f"{path}.delegate", rule, found)


def _check_delegate_name(path: str, rule: HttpRoute, found: Findings) -> None:
    # Any other text is taken, as by Istio: what nobody has is told like every delegate that is missing.
    if rule.delegate is not None:
        found.check_not_empty(f"{path}.name", rule.delegate.name, "Name the VirtualService to include.")
