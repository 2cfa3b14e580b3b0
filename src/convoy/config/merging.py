"""Several sources as one set of objects; of an object in two sources the first source, by name, counts.

What changed is kept by key until it is taken, so many changes of one object cost as much as one, and no step
looks at objects that nobody spoke of.
"""

from collections.abc import Set as AbstractSet

from convoy.api.meta import ObjectKey
from convoy.api.problems import Problem, sort_problems
from convoy.config.contents import Contents, ContentsChange, Located


class MergedSources:
    """What each source has, and what of all together has changed since `take`."""

    def __init__(self) -> None:
        self._objects: dict[str, dict[ObjectKey, Located]] = {}
        self._problems: dict[str, tuple[Problem, ...]] = {}
        self._touched: dict[ObjectKey, None] = {}
        self._has_other_problems = False

    def put(self, source: str, contents: Contents) -> AbstractSet[str] | None:
        """This is all that a source has; returns what `change` returns."""
        gone = self._objects.get(source, {}).keys() - contents.objects.keys()
        change = ContentsChange({**contents.objects, **dict.fromkeys(gone)}, contents.problems)
        return self.change(source, change)

    def change(self, source: str, change: ContentsChange) -> AbstractSet[str] | None:
        """This became of a source. Returns the kinds of the objects that are other ones now: none of them
        when only problems or lines differ, or the source is new; and None when nothing differs.
        """
        is_new = source not in self._objects
        if is_new:
            self._objects = dict(sorted({**self._objects, source: {}}.items()))
            self._problems = dict(sorted({**self._problems, source: ()}.items()))
        has_other_problems = self._set_problems(source, change.problems)
        objects = self._objects[source]
        touched = [self._set(objects, key, found) for key, found in change.objects.items()]
        kinds = frozenset(filter(None, touched))
        is_other = is_new or has_other_problems or any(kind is not None for kind in touched)
        return kinds if is_other else None

    def take(self) -> ContentsChange:
        """What became of all sources together since the last call."""
        objects = {key: self._find(key) for key in self._touched}
        problems = None
        if self._has_other_problems:
            problems = sort_problems(problem for each in self._problems.values() for problem in each)
        self._touched, self._has_other_problems = {}, False
        return ContentsChange(objects, problems)

    def start_over(self) -> None:
        """The next `take` tells everything."""
        self._touched = {key: None for objects in self._objects.values() for key in objects}
        self._has_other_problems = True

    def _set(self, objects: dict[ObjectKey, Located], key: ObjectKey, found: Located | None) -> str | None:
        """The kind of which an object is another one, empty when only its origin is; None when nothing is."""
        before = self._find(key)
        if found is None:
            objects.pop(key, None)
        else:
            objects[key] = found
        after = self._find(key)
        if before == after:
            return None
        self._touched[key] = None
        is_same = before is not None and after is not None and before.obj is after.obj
        return "" if is_same else key.kind

    def _set_problems(self, source: str, problems: tuple[Problem, ...] | None) -> bool:
        if problems is None or problems == self._problems[source]:
            return False
        self._problems[source] = problems
        self._has_other_problems = True
        return True

    def _find(self, key: ObjectKey) -> Located | None:
        """What counts of an object."""
        for objects in self._objects.values():
            if (found := objects.get(key)) is not None:
                return found
        return None
