"""Applies a change that is made to every pod as it enters the mesh, as Kubernetes' admission webhooks would.

The hook comes from above (injection); this room only knows that it may look at other objects, of any kind
but pods. What it asked for is remembered, and for each question who asked it: so a pod is admitted again only
when it or something it asked for changed, and nobody looks at the others.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import msgspec

from convoy.api.base import ApiObject
from convoy.api.kube.core import Pod
from convoy.api.meta import ObjectKey
from convoy.config.view import ConfigView, Lookup, change_view, lookup_key

T = TypeVar("T", bound=ApiObject)

Admit = Callable[[Pod, Lookup], Pod]

_Question = ObjectKey | str
"""One object, or by its name a whole kind."""


class _Seen(msgspec.Struct, frozen=True):
    """A pod as it came, and what the hook asked for when it was admitted."""

    pod: Pod
    questions: frozenset[_Question]


class _Recorder:
    """Passes questions on and remembers them."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self.questions: set[_Question] = set()

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        self.questions.add(lookup_key(kind, namespace, name))
        return self._lookup.get(kind, namespace, name)

    def all(self, kind: type[T]) -> tuple[T, ...]:
        self.questions.add(kind.KIND)
        return self._lookup.all(kind)


class Admission:
    """Admits pods, each once for every state of what it depends on."""

    def __init__(self, admit: Admit) -> None:
        self._admit = admit
        self._seen: dict[ObjectKey, _Seen] = {}
        self._askers: dict[_Question, set[ObjectKey]] = {}

    def apply(
        self, objects: Mapping[ObjectKey, ApiObject | None], view: ConfigView
    ) -> dict[ObjectKey, ApiObject | None]:
        """What changed since `view` (None: gone) and what changes with it: every pod that is new, another one
        or affected comes out admitted. `view` is what the last call led to.
        """
        others = {
            key: obj for key, obj in objects.items() if key.kind != Pod.KIND and view.find(key) is not obj
        }
        lookup = change_view(view, others)
        changed: dict[ObjectKey, ApiObject | None] = dict(others)
        due = {key: self._seen[key].pod for key in self._asking(others)}
        for key, obj in objects.items():
            if isinstance(obj, Pod):
                if key not in self._seen or self._seen[key].pod is not obj:
                    due[key] = obj
            elif key.kind == Pod.KIND:
                self._forget(key)
                due.pop(key, None)
                changed[key] = None
        for key, pod in due.items():
            changed[key] = self._admit_one(key, pod, lookup)
        return changed

    def _asking(self, keys: Iterable[ObjectKey]) -> set[ObjectKey]:
        """The pods that depend on some of these objects."""
        questions = {question for key in keys for question in (key, key.kind)}
        return {pod for question in questions for pod in self._askers.get(question, ())}

    def _admit_one(self, key: ObjectKey, pod: Pod, lookup: Lookup) -> Pod:
        self._forget(key)
        recorder = _Recorder(lookup)
        admitted = self._admit(pod, recorder)
        self._seen[key] = _Seen(pod, frozenset(recorder.questions))
        for question in recorder.questions:
            self._askers.setdefault(question, set()).add(key)
        return admitted

    def _forget(self, key: ObjectKey) -> None:
        seen = self._seen.pop(key, None)
        for question in seen.questions if seen else ():
            askers = self._askers[question]
            askers.discard(key)
            if not askers:
                del self._askers[question]
