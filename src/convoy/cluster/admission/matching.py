"""Which webhooks want to hear of a request, and in which version of its resource.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-rules
"""

from collections.abc import Mapping
from typing import Any

from convoy.cluster.admission.hooks import MUTATING, VALIDATING, Hook
from convoy.cluster.machinery.admission import AdmissionRequest
from convoy.cluster.machinery.resources import Resource, ResourceTable
from convoy.cluster.store import Key, Store
from convoy.cluster.store.selectors import labels_of

NAMESPACES = "namespaces"
# Nobody may be kept from mending a webhook by that webhook.
_EXEMPT = frozenset({MUTATING, VALIDATING})


def is_exempt(request: AdmissionRequest) -> bool:
    """Whether no webhook is asked about it."""
    return request.resource.storage in _EXEMPT


def namespace_of(request: AdmissionRequest) -> str:
    """The namespace it is about: that of the object, or the object itself; "" for others at cluster scope."""
    if request.resource.namespaced:
        return request.namespace
    return request.name if request.resource.storage == NAMESPACES else ""


class Matching:
    """Decides it for one cluster."""

    def __init__(self, resources: ResourceTable, store: Store) -> None:
        self._resources = resources
        self._store = store
        self._versions: dict[str, tuple[Resource, ...]] = {}  # by storage
        self._generation = -1

    def find_version(self, hook: Hook, request: AdmissionRequest) -> Resource | None:
        """The resource in the version in which a webhook is asked; None when it is not asked."""
        version = self._version(hook, request)
        if version is None or not _selects(hook, request, self._store):
            return None
        return version

    def _version(self, hook: Hook, request: AdmissionRequest) -> Resource | None:
        """That of the request, or of the other versions of it the one that the earliest rule means."""
        operation, sub = request.operation, request.subresource
        if any(rule.matches(operation, request.asked, sub) for rule in hook.rules):
            return request.asked
        versions = self._versions_of(request.resource.storage)
        if hook.is_exact or len(versions) < 2:
            return None
        matching = (each for rule in hook.rules for each in versions if rule.matches(operation, each, sub))
        return next(matching, None)

    def _versions_of(self, storage: str) -> tuple[Resource, ...]:
        if self._generation != self._resources.generation:
            self._versions.clear()
            self._generation = self._resources.generation
        if storage not in self._versions:
            self._versions[storage] = tuple(each for each in self._resources if each.storage == storage)
        return self._versions[storage]


def _selects(hook: Hook, request: AdmissionRequest, store: Store) -> bool:
    return _selects_namespace(hook, request, store) and _selects_object(hook, request)


def _selects_namespace(hook: Hook, request: AdmissionRequest, store: Store) -> bool:
    """At cluster scope nothing but namespaces is selected by labels, so everything else passes."""
    if hook.namespaces.is_everything:
        return True
    name = namespace_of(request)
    return not name or hook.namespaces.matches(_namespace_labels(name, request, store))


def _namespace_labels(name: str, request: AdmissionRequest, store: Store) -> Mapping[str, str]:
    is_own = request.resource.storage == NAMESPACES and not request.subresource
    if is_own and request.object is not None:
        return labels_of(request.object)
    stored = store.get(NAMESPACES, Key("", name))
    return labels_of(stored.object) if stored is not None else {}


def _selects_object(hook: Hook, request: AdmissionRequest) -> bool:
    if hook.objects.is_everything:
        return True
    return any(
        hook.objects.matches(_labels(obj)) for obj in (request.object, request.old_object) if obj is not None
    )


def _labels(obj: Mapping[str, Any]) -> Mapping[str, str]:
    return (obj.get("metadata") or {}).get("labels") or {}
