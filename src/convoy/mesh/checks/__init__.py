"""What is wrong between the objects of one cluster.

Beside the resolution, not in it: what is unclear gets a safe meaning there and a word here. Validation has
looked at each object by itself; these checks look at what objects say of each other.
"""

from convoy.api.problems import Problem, sort_problems
from convoy.config.view import ConfigView
from convoy.mesh.checks.connections import check_connections
from convoy.mesh.checks.credentials import check_credentials
from convoy.mesh.checks.delegates import check_delegates
from convoy.mesh.checks.destinations import check_destinations
from convoy.mesh.checks.gateways import check_gateways
from convoy.mesh.checks.groups import check_groups
from convoy.mesh.checks.policies import check_policies
from convoy.mesh.checks.registry import check_registry
from convoy.mesh.checks.routes import check_bindings, check_routes
from convoy.mesh.checks.rules import check_rules
from convoy.mesh.checks.sidecars import check_sidecars
from convoy.mesh.facts import Facts
from convoy.mesh.selections import Selections


def check_mesh(view: ConfigView, facts: Facts, selections: Selections) -> tuple[Problem, ...]:
    """All problems, sorted."""
    return sort_problems(
        [
            *check_registry(view, facts, selections),
            *check_rules(facts),
            *check_routes(facts),
            *check_destinations(facts),
            *check_connections(facts),
            *check_delegates(facts),
            *check_bindings(facts),
            *check_credentials(facts),
            *check_gateways(facts, selections),
            *check_groups(view, facts),
            *check_policies(view, root_namespace=facts.settings.root_namespace),
            *check_sidecars(facts),
        ]
    )
