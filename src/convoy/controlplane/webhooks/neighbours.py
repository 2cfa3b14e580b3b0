"""What the mesh would find wrong if an object were as it is about to be, and does not find wrong now."""

import threading

from msgspec.structs import replace

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
from convoy.mesh.memory import Memory
from convoy.mesh.selections import build_selections


class Neighbours:
    """Looks at objects beside those that are there already.

    What it finds out about the mesh it remembers, so that of many objects that are applied one after the
    other only the first costs as much as the mesh is large. May be called from any thread.
    """

    def __init__(self) -> None:
        self._memory = Memory()
        self._lock = threading.Lock()

    def find_new_problems(self, obj: ApiObject, published: Published) -> list[Problem]:
        """Problems of this object with others, and those of others that it brings; both may pass with time.

        Without any Service there is nothing that rules could refer to, and so nothing is said.
        """
        if not published.view.all(Service):
            return []
        key = key_of(obj)
        known = {_essence(problem) for problem in published.problems}
        # Not a view of the store: it is no step on the way from one of those to the next.
        view = replace(change_view(published.view, {key: obj}), base=0, changes=())
        # Secrets are read once something names them: of those that only this object names, nobody knows yet.
        is_unsure = may_need_credentials(obj) and bool(
            needed_credentials(view) - needed_credentials(published.view)
        )
        with self._lock:
            found = _check(view, published, self._memory)
        return [
            problem
            for problem in found
            if problem.key == key or _essence(problem) not in known
            if not (is_unsure and problem.code is codes.CREDENTIAL_NOT_FOUND)
        ]

    def forget(self) -> None:
        """Give the memory back that remembering takes."""
        with self._lock:
            self._memory = Memory()


def _check(view: ConfigView, published: Published, memory: Memory) -> tuple[Problem, ...]:
    memory.start()
    settings = published.snapshot.settings
    view = select_discovered(view, settings)
    facts = build_facts(view, settings, memory=memory)
    selections = memory.recall(
        ("selections", facts.registry, facts.pods), lambda: build_selections(facts.registry, facts.pods)
    )
    return check_mesh(view, facts, selections, memory=memory)


def _essence(problem: Problem) -> tuple[ObjectKey | None, str, str, str]:
    """A problem without its place."""
    return (problem.key, problem.code.id, problem.field, problem.message)
