"""What the mesh would find wrong if an object were as it is about to be, and does not find wrong now."""

from convoy.api import codes
from convoy.api.base import ApiObject
from convoy.api.kinds import key_of
from convoy.api.kube.core import Service
from convoy.api.meta import ObjectKey
from convoy.api.problems import Problem
from convoy.config.view import ConfigView, change_view
from convoy.controlplane.pipeline import Published
from convoy.mesh.checks import check_mesh
from convoy.mesh.credential_needs import may_need_credentials, needed_credentials
from convoy.mesh.discovery_selectors import select_discovered
from convoy.mesh.grounds import build_facts
from convoy.mesh.selections import build_selections


def find_new_problems(obj: ApiObject, published: Published) -> list[Problem]:
    """Problems of this object with others, and those of others that it brings; both may pass with time.

    Without any Service there is nothing that rules could refer to, and so nothing is said.
    """
    if not published.view.all(Service):
        return []
    key = key_of(obj)
    known = {_essence(problem) for problem in published.problems}
    view = change_view(published.view, {key: obj})
    # Secrets are read once something names them: of those that only this object names, nobody knows yet.
    is_unsure = may_need_credentials(obj) and bool(
        needed_credentials(view) - needed_credentials(published.view)
    )
    return [
        problem
        for problem in _check(view, published)
        if problem.key == key or _essence(problem) not in known
        if not (is_unsure and problem.code is codes.CREDENTIAL_NOT_FOUND)
    ]


def _check(view: ConfigView, published: Published) -> tuple[Problem, ...]:
    settings = published.snapshot.settings
    view = select_discovered(view, settings)
    facts = build_facts(view, settings)
    return check_mesh(view, facts, build_selections(facts.registry, facts.pods))


def _essence(problem: Problem) -> tuple[ObjectKey | None, str, str, str]:
    """A problem without its place."""
    return (problem.key, problem.code.id, problem.field, problem.message)
