"""What is wrong between the objects of one cluster."""

from convoy.api.problems import Problem
from convoy.config.view import ConfigView
from convoy.mesh.facts import Facts
from convoy.mesh.selections import Selections


def check_mesh(view: ConfigView, facts: Facts, selections: Selections) -> tuple[Problem, ...]:
    """All problems, sorted."""
    return ()
