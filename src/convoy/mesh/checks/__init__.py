"""What is wrong between the objects of one cluster.

Beside the resolution, not in it: what is unclear gets a safe meaning there and a word here. Validation has
looked at each object by itself; these checks look at what objects say of each other.
"""

from collections.abc import Callable, Iterable

import msgspec

from convoy.api.istio.peer_authentication import PeerAuthentication
from convoy.api.istio.workload_group import WorkloadGroup
from convoy.api.meta import ObjectKey
from convoy.api.problems import Problem, sort_problems
from convoy.config.view import ConfigView
from convoy.mesh.checks.connections import check_connections
from convoy.mesh.checks.credentials import check_credentials
from convoy.mesh.checks.delegates import check_delegates
from convoy.mesh.checks.destinations import check_delegated_destinations, check_destinations
from convoy.mesh.checks.gateways import check_gateways
from convoy.mesh.checks.pods import check_pods
from convoy.mesh.checks.policies import check_policies
from convoy.mesh.checks.registry import check_registry
from convoy.mesh.checks.routes import check_bindings, check_conflicts, check_route
from convoy.mesh.checks.rules import check_rules, listed_ports
from convoy.mesh.checks.sidecars import check_ingress_tls, check_sidecars, has_ingress_tls
from convoy.mesh.destination_rules import DestinationRules
from convoy.mesh.facts import Facts
from convoy.mesh.memory import Inputs, Memory
from convoy.mesh.revisions import Revision
from convoy.mesh.selections import Selections
from convoy.mesh.virtual_services import PreparedVirtualService, Routing


def check_mesh(
    view: ConfigView, facts: Facts, selections: Selections, *, memory: Memory | None = None
) -> tuple[Problem, ...]:
    """All problems, sorted; `memory` has those that earlier checks with it found."""
    memory = memory or Memory()
    ground, routing, terms, rules = facts.ground, facts.routing, facts.terms, facts.rules
    groups, policies = view.all(WorkloadGroup), view.all(PeerAuthentication)
    root, headless = terms.settings.root_namespace, ground.headless
    listed = memory.recall(("listed", terms.registry), lambda: listed_ports(terms.registry))
    written = (ground.endpoints[key] for key in listed)
    asked = (ground.pods,) if any(map(has_ingress_tls, terms.sidecars)) else ()
    found: list[tuple[Inputs, Callable[[], Iterable[Problem]]]] = [
        ((terms, headless), lambda: check_registry(view, ground)),
        ((terms, rules, *written), lambda: check_rules(ground)),
        ((terms, routing.shape), lambda: check_conflicts(facts)),
        ((terms, facts.connections), lambda: check_connections(facts)),
        ((terms, routing.shape), lambda: check_bindings(facts)),
        ((terms, rules), lambda: check_credentials(ground)),
        ((terms, routing.at_gateways), lambda: check_gateways(facts, selections)),
        ((policies, root), lambda: check_policies(view, root_namespace=root)),
        ((terms, routing.shape), lambda: check_sidecars(facts)),
        ((terms, *asked), lambda: check_ingress_tls(ground)),
        ((terms, rules, routing), lambda: (*check_delegates(facts), *check_delegated_destinations(facts))),
    ]
    several = [
        memory.recall(("check", number, *inputs), _all_of(check))
        for number, (inputs, check) in enumerate(found)
    ]
    several.append(check_pods(ground, selections, groups, memory))
    several.append(_check_each(facts, "routes", lambda one: check_route(one, terms), memory))
    several.append(
        _check_each(facts, "destinations", lambda one: check_destinations(one, terms, rules), memory)
    )
    return memory.recall(
        ("problems", *several), lambda: sort_problems(problem for one in several for problem in one)
    )


class _Checked(msgspec.Struct, frozen=True, eq=False):
    """What a check found in VirtualServices, each by itself; those in order are absent."""

    routing: Routing
    rules: DestinationRules
    bad: Revision[ObjectKey, tuple[Problem, ...]]
    problems: tuple[Problem, ...]


def _check_each(
    facts: Facts, name: str, check: Callable[[PreparedVirtualService], Iterable[Problem]], memory: Memory
) -> tuple[Problem, ...]:
    """The same tuple while the same is found; a check reads the terms, and the rules for what is reached."""
    routing, rules = facts.routing, facts.rules

    def found(services: Iterable[PreparedVirtualService]) -> dict[ObjectKey, tuple[Problem, ...]]:
        each = ((one.key, tuple(check(one))) for one in services)
        return {key: several for key, several in each if several}

    def revised(before: _Checked | None) -> _Checked:
        changed = routing.changed_since(before.routing) if before else None
        hosts = rules.changed_since(before.rules) if before else None
        if before is None or changed is None or hosts is None:
            bad = Revision(found(routing))
        else:
            touched = {one.key for one in routing if one.reaches_any(hosts)} if hosts else set()
            touched |= changed
            bad = before.bad.revised(found(filter(None, map(routing.find, touched))), touched)
            if bad is before.bad:
                return _Checked(routing, rules, bad, before.problems)
        return _Checked(routing, rules, bad, tuple(one for several in bad.values() for one in several))

    return memory.revise(("each", name, facts.terms), revised).problems


def _all_of(check: Callable[[], Iterable[Problem]]) -> Callable[[], tuple[Problem, ...]]:
    return lambda: tuple(check())
