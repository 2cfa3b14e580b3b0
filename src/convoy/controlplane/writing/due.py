"""Which objects' statuses have to be looked at, because they or what is wrong with them changed; pure."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from convoy.api import codes
from convoy.api.base import ApiObject
from convoy.api.kinds import BY_NAME
from convoy.api.meta import ObjectKey
from convoy.api.problems import Problem
from convoy.controlplane.pipeline import Published
from convoy.mesh.credential_needs import users_of_credentials


class DueStatuses:
    """Is told of states; knows which objects with a status of ours are other ones since they were taken."""

    def __init__(self) -> None:
        self._published: Published | None = None
        self._problems: Mapping[ObjectKey, list[Problem]] = {}
        self._keys: dict[ObjectKey, None] = {}

    def note(self, published: Published) -> None:
        """A newer state. Where states between it and the last one were missed, everything is due."""
        before, self._published = self._published, published
        known, self._problems = self._problems, _by_object(published)
        self.add(key for key, found in self._problems.items() if known.get(key) != found)
        self.add(key for key in known if key not in self._problems)
        if before is None or before.view is not published.view:
            if before is not None and before.view.number == published.view.base:
                self.add(change.key for change in published.view.changes)
            else:
                self.add_all()

    def add(self, keys: Iterable[ObjectKey]) -> None:
        """These are due, those of them that have a status of ours."""
        self._keys |= {key: None for key in keys if BY_NAME[key.kind].group}

    def add_all(self) -> None:
        """Every object is due; those that are refused may be in no view."""
        if self._published is not None:
            self.add((*self._published.view.by_key, *self._problems))

    def take(self) -> list[ObjectKey]:
        """What is due; from now on it is no longer."""
        keys, self._keys = list(self._keys), {}
        return keys

    def find(self, key: ObjectKey) -> ApiObject | None:
        """An object as it is in the newest state."""
        return self._published.view.find(key) if self._published else None

    def problems_of(self, key: ObjectKey) -> list[Problem]:
        """What is wrong with an object in the newest state."""
        return self._problems.get(key, [])


def _by_object(published: Published) -> dict[ObjectKey, list[Problem]]:
    """The problems of those objects with a status of ours that have any."""
    found: dict[ObjectKey, list[Problem]] = {}
    for problem in (*published.problems, *_of_credentials(published)):
        if problem.key is not None and (kind := BY_NAME.get(problem.key.kind)) and kind.group:
            found.setdefault(problem.key, []).append(problem)
    return found


def _of_credentials(published: Published) -> Iterator[Problem]:
    """What is wrong with Secrets that cannot be read, said of the objects that need them: a Secret has no
    status, and who writes a Gateway may not see another's Secrets.
    """
    unreadable = {
        problem.key: problem
        for problem in published.problems
        if problem.code is codes.CREDENTIAL_UNREADABLE and problem.key is not None
    }
    if not unreadable:
        return
    for user, key in users_of_credentials(published.view, unreadable):
        problem = unreadable[key]
        yield msgspec.structs.replace(problem, key=user, message=f"{key}: {problem.message}")
