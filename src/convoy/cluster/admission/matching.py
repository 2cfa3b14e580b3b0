"""Which webhooks want to hear of a request, and in which version of its resource.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-rules
"""

from collections.abc import Iterable, Mapping
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


def find_version(
    hook: Hook, request: AdmissionRequest, resources: ResourceTable, store: Store
) -> Resource | None:
    """The resource in the version in which a webhook is asked; None when it is not asked."""
    version = _version(hook, request, resources)
    if version is None or not _selects(hook, request, store):
        return None
    return version


def _version(hook: Hook, request: AdmissionRequest, resources: ResourceTable) -> Resource | None:
    if _matches(hook, request, request.asked):
        return request.asked
    if hook.is_exact:
        return None
    return _first_equivalent(hook, request, resources)


def _matches(hook: Hook, request: AdmissionRequest, resource: Resource) -> bool:
    return any(rule.matches(request.operation, resource, request.subresource) for rule in hook.rules)


def _first_equivalent(hook: Hook, request: AdmissionRequest, resources: ResourceTable) -> Resource | None:
    """Of the other versions that the objects have, the one that the earliest rule means."""
    storage = request.resource.storage
    others: Iterable[Resource] = [
        each for each in resources if each.storage == storage and each is not request.asked
    ]
    if not others:
        return None
    for rule in hook.rules:
        for other in others:
            if rule.matches(request.operation, other, request.subresource):
                return other
    return None


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
