"""Nobody gives others what they do not have: writes of roles and bindings by those who are not masters.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
"""

from collections.abc import Iterable
from typing import Any

import orjson

from convoy.cluster.apiserver.access import Attributes
from convoy.cluster.apiserver.auth.coverage import EVERYTHING, TooManyError, find_uncovered
from convoy.cluster.apiserver.auth.rbac import MASTERS, RbacAuthorizer
from convoy.cluster.apiserver.auth.rules import Rule
from convoy.cluster.machinery.admission import AdmissionRequest
from convoy.cluster.machinery.statuses import forbidden, not_found
from convoy.cluster.registry import Registry

_GROUP = "rbac.authorization.k8s.io"
_ROLES = (f"{_GROUP}/roles", f"{_GROUP}/clusterroles")
_BINDINGS = (f"{_GROUP}/rolebindings", f"{_GROUP}/clusterrolebindings")
_COLLECTED = ("finalizers", "ownerReferences", "managedFields", "resourceVersion", "generation")

Object = dict[str, Any]


class EscalationGuard:
    """An Admission that refuses such writes and changes nothing."""

    def __init__(self, registry: Registry, authorizer: RbacAuthorizer) -> None:
        self._registry = registry
        self._authorizer = authorizer

    async def mutate(self, request: AdmissionRequest) -> Object:
        """As Admission has it."""
        assert request.object is not None
        return request.object

    async def validate(self, request: AdmissionRequest) -> None:
        """As Admission has it."""
        if request.resource.group != _GROUP or request.object is None or MASTERS in request.user.groups:
            return
        if _is_only_collected(request.object, request.old_object):
            return
        if request.resource.storage in _ROLES:
            self._check_role(request, request.object)
        elif request.resource.storage in _BINDINGS:
            self._check_binding(request, request.object)

    def _check_role(self, request: AdmissionRequest, role: Object) -> None:
        # Also where the rules stay: a label can make them part of a role that others hold.
        old = request.old_object or {}
        if self._may(request, "escalate", request.resource.plural, request.name):
            return
        if role.get("aggregationRule") or old.get("aggregationRule"):
            why = "must have cluster-admin privileges to use an aggregationRule: "
            self._check_held(request, EVERYTHING, before=why)
        self._check_held(request, [Rule.parse(rule) for rule in role.get("rules") or ()])

    def _check_binding(self, request: AdmissionRequest, binding: Object) -> None:
        reference = binding.get("roleRef") or {}
        kind, name = reference.get("kind", ""), reference.get("name", "")
        plural = "clusterroles" if kind == "ClusterRole" else "roles"
        if self._may(request, "bind", plural, name):
            return
        resource = self._registry.resources.stored(f"{_GROUP}/{plural}")
        if self._registry.find(resource, request.namespace, name) is None:
            raise not_found(resource, name)
        self._check_held(request, self._authorizer.rules_of_role(kind, request.namespace, name))

    def _may(self, request: AdmissionRequest, verb: str, plural: str, name: str) -> bool:
        namespace = request.namespace if request.resource.namespaced else ""
        about = Attributes(verb, _GROUP, "v1", plural, "", namespace, name)
        return self._authorizer.allows(request.user, about).is_allowed

    def _check_held(self, request: AdmissionRequest, wanted: Iterable[Rule], *, before: str = "") -> None:
        namespace = request.namespace if request.resource.namespaced else ""
        try:
            missing = find_uncovered(self._authorizer.rules_of(request.user, namespace), wanted)
        except TooManyError:
            why = "its rules are too many to be compared with what the user may do"
            raise forbidden(request.asked, request.name, why) from None
        if missing:
            groups = " ".join(_quoted(group) for group in request.user.groups)
            listed = "\n".join(_described(rule) for rule in missing)
            why = (
                f"{before}user {_quoted(request.user.name)} (groups=[{groups}]) is attempting to grant "
                f"RBAC permissions not currently held:\n{listed}"
            )
            raise forbidden(request.asked, request.name, why)


def _is_only_collected(obj: Object, old: Object | None) -> bool:
    """Whether an update only lets the object go, as the garbage collector and its clients must be able to."""
    return old is not None and _without_marks(obj) == _without_marks(old)


def _without_marks(obj: Object) -> Object:
    metadata = {key: value for key, value in obj["metadata"].items() if key not in _COLLECTED}
    return {**obj, "metadata": metadata}


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()


def _described(rule: Rule) -> str:
    """A rule on one line, in the order in which it is known: `{APIGroups:[""], Resources:["pods"], ...}`."""
    fields = {
        "APIGroups": rule.groups,
        "Resources": rule.resources,
        "ResourceNames": rule.names,
        "NonResourceURLs": rule.paths,
        "Verbs": rule.verbs,
    }
    shown = (
        f"{field}:[{' '.join(_quoted(value) for value in sorted(values))}]"
        for field, values in fields.items()
        if values
    )
    return f"{{{', '.join(shown)}}}"
