"""What is wrong between the objects of one cluster.

Beside the resolution, not in it: what is unclear gets a safe meaning there and a word here. Validation has
looked at each object by itself; these checks look at what objects say of each other.
"""

from collections.abc import Callable, Iterable

from convoy.api.istio.peer_authentication import PeerAuthentication
from convoy.api.istio.workload_group import WorkloadGroup
from convoy.api.problems import Problem, sort_problems
from convoy.config.view import ConfigView
from convoy.mesh.checks.connections import check_connections
from convoy.mesh.checks.credentials import check_credentials
from convoy.mesh.checks.delegates import check_delegates
from convoy.mesh.checks.destinations import check_delegated_destinations, check_destinations
from convoy.mesh.checks.gateways import check_gateways
from convoy.mesh.checks.groups import check_groups
from convoy.mesh.checks.policies import check_policies
from convoy.mesh.checks.registry import check_registry
from convoy.mesh.checks.routes import check_bindings, check_conflicts, check_route
from convoy.mesh.checks.rules import check_rules
from convoy.mesh.checks.sidecars import check_sidecars
from convoy.mesh.facts import Facts, Ground
from convoy.mesh.memory import Inputs, Memory
from convoy.mesh.selections import Selections
from convoy.mesh.virtual_services import PreparedVirtualService


def check_mesh(
    view: ConfigView, facts: Facts, selections: Selections, *, memory: Memory | None = None
) -> tuple[Problem, ...]:
    """All problems, sorted; `memory` has those that earlier checks with it found."""
    memory = memory or Memory()
    ground, routing, root = facts.ground, facts.routing, facts.settings.root_namespace
    groups, policies = view.all(WorkloadGroup), view.all(PeerAuthentication)
    found: list[tuple[Inputs, Callable[[], Iterable[Problem]]]] = [
        ((ground, selections), lambda: check_registry(view, ground, selections)),
        ((ground,), lambda: check_rules(ground)),
        ((ground, routing.shape), lambda: check_conflicts(facts)),
        ((ground, facts.connections), lambda: check_connections(facts)),
        ((ground, routing.shape), lambda: check_bindings(facts)),
        ((ground,), lambda: check_credentials(ground)),
        ((ground, selections, routing.at_gateways), lambda: check_gateways(facts, selections)),
        ((ground, groups), lambda: check_groups(view, ground)),
        ((policies, root), lambda: check_policies(view, root_namespace=root)),
        ((ground, routing.shape), lambda: check_sidecars(facts)),
    ]
    problems = [*check_delegates(facts), *check_delegated_destinations(facts)]
    for number, (inputs, check) in enumerate(found):
        problems += memory.recall(("check", number, *inputs), _all_of(check))
    for each in (check_route, check_destinations):
        checked = memory.each((each.__name__, ground), routing, _all_of_one(each, ground))
        problems += (problem for several in checked if several for problem in several)
    return sort_problems(problems)


def _all_of(check: Callable[[], Iterable[Problem]]) -> Callable[[], tuple[Problem, ...]]:
    return lambda: tuple(check())


def _all_of_one(
    check: Callable[[PreparedVirtualService, Ground], Iterable[Problem]], ground: Ground
) -> Callable[[PreparedVirtualService], tuple[Problem, ...]]:
    return lambda service: tuple(check(service, ground))
