"""What may not change once an object exists, kind by kind.

Source: the API reference of each kind, and the words in which a real API server refuses.
"""

from collections.abc import Callable, Sequence
from typing import Any

from convoy.cluster.machinery.statuses import Cause, field_forbidden, field_invalid
from convoy.cluster.schema.wording import quoted
from convoy.cluster.strategies.go_values import label_selector
from convoy.cluster.strategies.services import validate_service_update

_Update = Callable[[dict[str, Any], dict[str, Any]], list[Cause]]
_IMMUTABLE = "field is immutable"
_STATEFUL_SET_FIELDS = (
    "minReadySeconds",
    "ordinals",
    "persistentVolumeClaimRetentionPolicy",
    "replicas",
    "revisionHistoryLimit",
    "template",
    "updateStrategy",
)
_POD_WHY = (
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
    "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
    "previously negative)"
)
_STATEFUL_SET_WHY = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_CLAIM_WHY = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName "
    "for bound claims"
)


def _spec(obj: dict[str, Any]) -> dict[str, Any]:
    return obj.get("spec") or {}


def _selector(obj: dict[str, Any], old: dict[str, Any]) -> list[Cause]:
    selector = _spec(obj).get("selector")
    if selector == _spec(old).get("selector"):
        return []
    return [field_invalid("spec.selector", label_selector(selector), _IMMUTABLE)]


def _stateful_set(obj: dict[str, Any], old: dict[str, Any]) -> list[Cause]:
    if _without(_spec(obj), _STATEFUL_SET_FIELDS) == _without(_spec(old), _STATEFUL_SET_FIELDS):
        return []
    return [field_forbidden("spec", _STATEFUL_SET_WHY)]


def _without(spec: dict[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if key not in fields}


def _job(obj: dict[str, Any], old: dict[str, Any]) -> list[Cause]:
    new_spec, old_spec = _spec(obj), _spec(old)
    causes = _selector(obj, old)
    may_change = old_spec.get("suspend") and new_spec.get("template") is not None
    if not may_change and new_spec.get("template") != old_spec.get("template"):
        causes.append(field_invalid("spec.template", "core.PodTemplateSpec{...}", _IMMUTABLE))
    has_indexes = new_spec.get("completionMode") == "Indexed"
    if not has_indexes and new_spec.get("completions") != old_spec.get("completions"):
        shown = str(new_spec.get("completions"))
        causes.append(field_invalid("spec.completions", shown, _IMMUTABLE))
    if new_spec.get("completionMode") != old_spec.get("completionMode"):
        shown = quoted(new_spec.get("completionMode") or "")
        causes.append(field_invalid("spec.completionMode", shown, _IMMUTABLE))
    return causes


def _pod(obj: dict[str, Any], old: dict[str, Any]) -> list[Cause]:
    new_spec, old_spec = _spec(obj), _spec(old)
    if new_spec == old_spec or _fixed(new_spec) == _fixed(old_spec):
        missing = [
            t for t in old_spec.get("tolerations") or [] if t not in (new_spec.get("tolerations") or [])
        ]
        if not missing:
            return []
        why = "existing toleration can not be modified except its tolerationSeconds"
        return [field_forbidden("spec.tolerations", why)]
    return [field_forbidden("spec", _POD_WHY)]


def _fixed(spec: dict[str, Any]) -> dict[str, Any]:
    """A pod's spec without what may change."""
    changing = ("tolerations", "activeDeadlineSeconds", "terminationGracePeriodSeconds", "nodeName")
    fixed = _without(spec, changing)
    for kind in ("containers", "initContainers"):
        fixed[kind] = [_without(container, ("image",)) for container in spec.get(kind) or []]
    if _is_gated(spec):  # a pod that waits at its gates may still be told where to go
        fixed = _without(fixed, ("schedulingGates", "nodeSelector", "affinity"))
    return _without(fixed, ("schedulingGates",))


def _is_gated(spec: dict[str, Any]) -> bool:
    return bool(spec.get("schedulingGates"))


def _frozen_data(obj: dict[str, Any], old: dict[str, Any]) -> list[Cause]:
    """ConfigMaps and Secrets that said `immutable: true`."""
    if not old.get("immutable"):
        return []
    why = "field is immutable when `immutable` is set"
    changed = [field for field in ("data", "binaryData") if (obj.get(field) or {}) != (old.get(field) or {})]
    if not obj.get("immutable"):
        changed.append("immutable")
    return [field_forbidden(field, why) for field in changed]


def _secret(obj: dict[str, Any], old: dict[str, Any]) -> list[Cause]:
    causes = _frozen_data(obj, old)
    if obj.get("type") != old.get("type"):
        causes.append(field_invalid("type", quoted(obj.get("type") or ""), _IMMUTABLE))
    return causes


def _binding(obj: dict[str, Any], old: dict[str, Any]) -> list[Cause]:
    if obj.get("roleRef") == old.get("roleRef"):
        return []
    reference = obj.get("roleRef") or {}
    parts = ", ".join(f"{name}:{quoted(reference.get(key) or '')}" for name, key in _ROLE_REF)
    return [field_invalid("roleRef", f"rbac.RoleRef{{{parts}}}", "cannot change roleRef")]


_ROLE_REF = (("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name"))


def _claim(obj: dict[str, Any], old: dict[str, Any]) -> list[Cause]:
    old_spec = _spec(old)
    changing = ["resources", "volumeAttributesClassName"]
    changing += [field for field in ("volumeName", "storageClassName") if not old_spec.get(field)]
    if _without(_spec(obj), changing) == _without(old_spec, changing):
        return []
    return [field_forbidden("spec", _CLAIM_WHY)]


def _slice(obj: dict[str, Any], old: dict[str, Any]) -> list[Cause]:
    if obj.get("addressType") == old.get("addressType"):
        return []
    return [field_invalid("addressType", quoted(obj.get("addressType") or ""), _IMMUTABLE)]


_BY_STORAGE: dict[str, _Update] = {
    "apps/deployments": _selector,
    "apps/replicasets": _selector,
    "apps/daemonsets": _selector,
    "apps/statefulsets": _stateful_set,
    "batch/jobs": _job,
    "pods": _pod,
    "services": validate_service_update,
    "configmaps": _frozen_data,
    "secrets": _secret,
    "rbac.authorization.k8s.io/rolebindings": _binding,
    "rbac.authorization.k8s.io/clusterrolebindings": _binding,
    "persistentvolumeclaims": _claim,
    "discovery.k8s.io/endpointslices": _slice,
}


def validate_change(storage: str, obj: dict[str, Any], old: dict[str, Any]) -> list[Cause]:
    """Fields of `obj` that may not differ from those of `old`."""
    validate = _BY_STORAGE.get(storage)
    return validate(obj, old) if validate is not None else []
