"""Rules that delegate to nobody, or to somebody who contradicts them."""

from collections.abc import Iterator

import msgspec

from convoy.api import codes
from convoy.api.istio.virtual_service import HttpRoute
from convoy.api.problems import Problem
from convoy.mesh.checks.finding import did_you_mean
from convoy.mesh.delegates import Delegate, Key, delegate_key, merge_route, qualify
from convoy.mesh.facts import Facts
from convoy.mesh.virtual_services import PreparedVirtualService


class _Delegation(msgspec.Struct, frozen=True, eq=False):
    """A rule that delegates, and where it is written."""

    root: PreparedVirtualService
    index: int
    route: HttpRoute
    to: Key

    def problem(self, code: codes.ProblemCode, message: str, remedy: str) -> Problem:
        """A problem of this rule's delegate."""
        field = f"spec.http[{self.index}].delegate"
        return Problem(code=code, key=self.root.key, field=field, message=message, remedy=remedy)


def check_delegates(facts: Facts) -> Iterator[Problem]:
    """Delegates that are missing or not exported, and their rules that are left out."""
    for service in facts.routing.delegating:
        for index, route in enumerate(service.written.spec.http):
            to = delegate_key(route, service.namespace)
            if to is not None:
                yield from _check(_Delegation(service, index, route, to), facts)


def _check(delegation: _Delegation, facts: Facts) -> Iterator[Problem]:
    delegate, name = facts.routing.delegates.get(delegation.to), "/".join(delegation.to)
    if delegate is None:
        yield _unknown(delegation, facts)
    elif not delegate.visibility.allows(delegation.root.namespace):
        message = f"VirtualService {name} is not exported to namespace {delegation.root.namespace}."
        yield delegation.problem(codes.UNKNOWN_DELEGATE, message, "Add the namespace to its exportTo.")
    else:
        yield from _check_rules(delegation, delegate, domain=facts.settings.cluster_domain)


def _unknown(delegation: _Delegation, facts: Facts) -> Problem:
    name = "/".join(delegation.to)
    if any((one.namespace, one.key.name) == delegation.to for one in facts.routing):
        message = f"VirtualService {name} has hosts of its own, so nobody can delegate to it."
        return delegation.problem(codes.UNKNOWN_DELEGATE, message, "Remove its hosts and gateways.")
    known = ["/".join(key) for key in facts.routing.delegates]
    remedy = did_you_mean(name, known) or "Write a VirtualService of that name without hosts."
    return delegation.problem(codes.UNKNOWN_DELEGATE, f"There is no VirtualService {name}.", remedy)


def _check_rules(delegation: _Delegation, delegate: Delegate, *, domain: str) -> Iterator[Problem]:
    root = qualify(delegation.route, delegation.root.namespace, domain)
    for index, route in enumerate(delegate.written.spec.http):
        if merge_route(root, qualify(route, delegation.to[0], domain)) is None:
            name = f"spec.http[{index}] of VirtualService {'/'.join(delegation.to)}"
            message = f"{name} matches nothing that this rule does: it is left out."
            remedy = "Let its match lie within this one."
            yield delegation.problem(codes.CONTRADICTING_DELEGATE, message, remedy)
