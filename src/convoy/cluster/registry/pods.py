"""What every new pod is given beside its defaults: a status, a priority, patience with sick nodes; pure.

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#defaulttolerationseconds and
#priority there.
"""

from collections.abc import Iterable
from typing import Any

from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import forbidden

Object = dict[str, Any]

_PATIENCE_SECONDS = 300
_TROUBLES = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_SYSTEM_PRIORITIES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
_PREEMPTS = "PreemptLowerPriority"
_RANKING = ("cpu", "memory")


def newborn_status(spec: Object) -> Object:
    """The status of a pod that nobody has looked at."""
    return {"phase": "Pending", "qosClass": qos_class(spec)}


def qos_class(spec: Object) -> str:
    """How a pod's resources rank it (https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/)."""
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    pairs = [_resources(each) for each in containers]
    if not any(requests or limits for requests, limits in pairs):
        return "BestEffort"
    if all(limits.keys() == set(_RANKING) and (requests or limits) == limits for requests, limits in pairs):
        return "Guaranteed"
    return "Burstable"


def _resources(container: Object) -> tuple[Object, Object]:
    """Requests and limits, as far as they rank a pod."""
    resources = container.get("resources") or {}
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    return _ranking(requests), _ranking(limits)


def _ranking(amounts: Object) -> Object:
    return {key: amounts[key] for key in _RANKING if key in amounts}


def with_tolerations(pod: Object) -> Object:
    """The pod, which stays for five minutes on a node that is not ready, unless it says otherwise itself."""
    spec = pod["spec"]
    given = spec.get("tolerations") or []
    missing = [
        {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _PATIENCE_SECONDS}
        for key in _TROUBLES
        if not any(_tolerates(each, key) for each in given)
    ]
    return {**pod, "spec": {**spec, "tolerations": [*given, *missing]}} if missing else pod


def _tolerates(toleration: Object, key: str) -> bool:
    return toleration.get("key", "") in ("", key) and toleration.get("effect", "") in ("", "NoExecute")


def with_priority(pod: Object, classes: Iterable[Object], resource: Resource) -> Object:
    """The pod with the priority of its class, or of the default one; raises 403 for a missing class."""
    spec, name = pod["spec"], pod["metadata"]["name"]
    wanted = spec.get("priorityClassName")
    found = _class_named(wanted, classes) if wanted else _default_class(classes)
    if found is None:
        raise forbidden(resource, name, f"no PriorityClass with name {wanted} was found")
    class_name, priority, policy = found
    if spec.get("priority") not in (None, priority):
        why = (
            f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; "
            f"priority admission controller computed {priority} from the given PriorityClass name"
        )
        raise forbidden(resource, name, why)
    given = {"priorityClassName": class_name} if class_name else {}
    return {**pod, "spec": {"preemptionPolicy": policy, **spec, **given, "priority": priority}}


def _class_named(name: str, classes: Iterable[Object]) -> tuple[str, int, str] | None:
    if name in _SYSTEM_PRIORITIES:
        return name, _SYSTEM_PRIORITIES[name], _PREEMPTS
    return next((_values(each) for each in classes if each["metadata"]["name"] == name), None)


def _default_class(classes: Iterable[Object]) -> tuple[str, int, str]:
    found = [_values(each) for each in classes if each.get("globalDefault")]
    return min(found, key=lambda values: values[1]) if found else ("", 0, _PREEMPTS)


def _values(priority_class: Object) -> tuple[str, int, str]:
    policy = priority_class.get("preemptionPolicy") or _PREEMPTS
    return priority_class["metadata"]["name"], priority_class.get("value") or 0, policy
