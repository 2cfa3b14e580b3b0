"""What ConfigMaps, Secrets, volumes, RBAC and the remaining kinds must satisfy.

Source: the API reference of each kind.
"""

import base64
import binascii
from typing import Any

from convoy.cluster.machinery.statuses import (
    Cause,
    field_invalid,
    field_not_supported,
    field_required,
)
from convoy.cluster.schema.wording import quoted
from convoy.cluster.strategies.checks import one_of, selector_rules
from convoy.cluster.strategies.names import CONFIG_KEY, check_name
from convoy.cluster.strategies.workloads import share

_MAX_DATA = 1 << 20
_ACCESS = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_SECRET_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def validate_config_map(obj: dict[str, Any]) -> list[Cause]:
    """A ConfigMap: keys, no key in both maps, at most a MiB."""
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    causes = [c for key in data for c in check_name(f"data[{key}]", key, CONFIG_KEY)]
    causes += [c for key in binary for c in check_name(f"binaryData[{key}]", key, CONFIG_KEY)]
    for key in sorted(set(data) & set(binary)):
        causes.append(field_invalid(f"data[{key}]", quoted(key), "duplicate of key present in binaryData"))
    causes += _base64_causes("binaryData", binary)
    return causes + _size_causes({**data, **binary})


def validate_secret(obj: dict[str, Any]) -> list[Cause]:
    """A Secret: keys, and what its type requires."""
    data = obj.get("data") or {}
    causes = [c for key in data for c in check_name(f"data[{key}]", key, CONFIG_KEY)]
    causes += _base64_causes("data", data)
    for key in _SECRET_KEYS.get(obj.get("type") or "", ()):
        if key not in data:
            causes.append(field_required(f"data[{key}]"))
    if obj.get("type") == "kubernetes.io/service-account-token":
        annotations = (obj.get("metadata") or {}).get("annotations") or {}
        if not annotations.get("kubernetes.io/service-account.name"):
            causes.append(field_required("metadata.annotations[kubernetes.io/service-account.name]"))
    return causes + _size_causes(data)


def _base64_causes(path: str, data: dict[str, Any]) -> list[Cause]:
    causes = []
    for key, value in data.items():
        try:
            base64.b64decode("".join(str(value).split()), validate=True)
        except (binascii.Error, ValueError):
            causes.append(field_invalid(f"{path}[{key}]", quoted("<value>"), "must be valid base64"))
    return causes


def _size_causes(data: dict[str, Any]) -> list[Cause]:
    if sum(len(str(value)) for value in data.values()) <= _MAX_DATA:
        return []
    return [Cause("FieldValueTooLong", f"Too long: may not be more than {_MAX_DATA} bytes", "data")]


def validate_claim(obj: dict[str, Any]) -> list[Cause]:
    """A PersistentVolumeClaim."""
    spec = obj.get("spec") or {}
    modes = spec.get("accessModes") or []
    causes = [] if modes else [field_required("spec.accessModes", "at least 1 access mode is required")]
    for mode in modes:
        causes += one_of("spec.accessModes", mode, _ACCESS)
    if not ((spec.get("resources") or {}).get("requests") or {}).get("storage"):
        causes.append(field_required("spec.resources[storage]"))
    return causes


def validate_volume(obj: dict[str, Any]) -> list[Cause]:
    """A PersistentVolume."""
    spec = obj.get("spec") or {}
    causes = [] if spec.get("accessModes") else [field_required("spec.accessModes")]
    if not (spec.get("capacity") or {}).get("storage"):
        causes.append(field_required("spec.capacity"))
    return causes


def validate_role(obj: dict[str, Any]) -> list[Cause]:
    """A Role or ClusterRole."""
    causes = []
    is_cluster = obj.get("kind") == "ClusterRole"
    for index, rule in enumerate(obj.get("rules") or []):
        path = f"rules[{index}]"
        if not rule.get("verbs"):
            causes.append(field_required(f"{path}.verbs", "verbs must contain at least one value"))
        if rule.get("nonResourceURLs"):
            if not is_cluster:
                why = "namespaced rules cannot apply to non-resource URLs"
                causes.append(field_invalid(f"{path}.nonResourceURLs", str(rule["nonResourceURLs"]), why))
            continue
        if not rule.get("apiGroups"):
            why = "resource rules must supply at least one api group"
            causes.append(field_required(f"{path}.apiGroups", why))
        if not rule.get("resources"):
            why = "resource rules must supply at least one resource"
            causes.append(field_required(f"{path}.resources", why))
    return causes


def validate_binding(obj: dict[str, Any]) -> list[Cause]:
    """A RoleBinding or ClusterRoleBinding."""
    reference = obj.get("roleRef") or {}
    is_cluster = obj.get("kind") == "ClusterRoleBinding"
    kinds = ("ClusterRole",) if is_cluster else ("ClusterRole", "Role")
    causes = []
    if reference.get("apiGroup") != "rbac.authorization.k8s.io":
        value = str(reference.get("apiGroup") or "")
        causes.append(field_not_supported("roleRef.apiGroup", value, ("rbac.authorization.k8s.io",)))
    if reference.get("kind") not in kinds:
        causes.append(field_not_supported("roleRef.kind", str(reference.get("kind") or ""), kinds))
    if not reference.get("name"):
        causes.append(field_required("roleRef.name"))
    for index, subject in enumerate(obj.get("subjects") or []):
        path = f"subjects[{index}]"
        if subject.get("kind") not in ("Group", "ServiceAccount", "User"):
            value = str(subject.get("kind") or "")
            causes.append(field_not_supported(f"{path}.kind", value, ("Group", "ServiceAccount", "User")))
        if not subject.get("name"):
            causes.append(field_required(f"{path}.name"))
        if subject.get("kind") == "ServiceAccount" and is_cluster and not subject.get("namespace"):
            causes.append(field_required(f"{path}.namespace"))
    return causes


def validate_budget(obj: dict[str, Any]) -> list[Cause]:
    """A PodDisruptionBudget."""
    spec = obj.get("spec") or {}
    causes = selector_rules("spec.selector", spec.get("selector"))
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        why = "minAvailable and maxUnavailable cannot be both set"
        causes.append(field_invalid("spec", "{}", why))
    for field in ("minAvailable", "maxUnavailable"):
        causes += share(f"spec.{field}", spec.get(field))
    return causes


def validate_webhooks(obj: dict[str, Any]) -> list[Cause]:
    """A Mutating- or ValidatingWebhookConfiguration."""
    causes = []
    for index, hook in enumerate(obj.get("webhooks") or []):
        path = f"webhooks[{index}]"
        name = hook.get("name") or ""
        if name.count(".") < 2:
            why = "should be a domain with at least three segments separated by dots"
            causes.append(field_invalid(f"{path}.name", quoted(name), why))
        client = hook.get("clientConfig") or {}
        if bool(client.get("url")) == bool(client.get("service")):
            causes.append(field_required(f"{path}.clientConfig", "exactly one of url or service is required"))
        if not hook.get("admissionReviewVersions"):
            why = "must specify one of v1, v1beta1"
            causes.append(field_required(f"{path}.admissionReviewVersions", why))
        if hook.get("sideEffects") not in ("None", "NoneOnDryRun"):
            value = str(hook.get("sideEffects") or "")
            causes.append(field_not_supported(f"{path}.sideEffects", value, ("None", "NoneOnDryRun")))
        causes += one_of(f"{path}.failurePolicy", hook.get("failurePolicy"), ("Fail", "Ignore"))
        seconds = hook.get("timeoutSeconds")
        if isinstance(seconds, int) and not 1 <= seconds <= 30:
            why = "the timeout value must be between 1 and 30 seconds"
            causes.append(field_invalid(f"{path}.timeoutSeconds", str(seconds), why))
    return causes
