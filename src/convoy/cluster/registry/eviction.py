"""Evict a pod: delete it, unless a PodDisruptionBudget needs it (pods/eviction)."""

from typing import Any

from convoy.cluster.machinery.requests import DeleteOptions
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import bad_request
from convoy.cluster.registry.context import Context
from convoy.cluster.registry.disruptions import (
    budget_of,
    check_eviction,
    count_budget,
    needs_budget,
    selected_pods,
)
from convoy.cluster.store import Key, Store

Object = dict[str, Any]

EVICTION = Resource(group="policy", version="v1", plural="pods/eviction", kind="Eviction", namespaced=True)
_BUDGETS = "policy/poddisruptionbudgets"
_OWNERS = {
    "Deployment": "apps/deployments",
    "ReplicaSet": "apps/replicasets",
    "StatefulSet": "apps/statefulsets",
    "ReplicationController": "replicationcontrollers",
}


def check_budget(context: Context, pod: Object) -> None:
    """Raises 429 when a budget needs the pod, 500 when several speak of it."""
    if not needs_budget(pod):
        return
    namespace = pod["metadata"]["namespace"]
    budget = budget_of(pod, (each.object for each in context.store.list(_BUDGETS, namespace)))
    if budget is None:
        return
    pods = [each.object for each in context.store.list("pods", namespace)]
    wanted = wanted_by_owners(context.store, selected_pods(budget, pods))
    check_eviction(pod, budget, count_budget(budget, pods, wanted))


def wanted_by_owners(store: Store, pods: list[Object]) -> int:
    """How many pods the owners of these want; a pod that nobody owns counts itself."""
    counts: dict[str, int] = {}
    for pod in pods:
        counts |= _wanted(store, pod, alone=1)
    return sum(counts.values())


def eviction_options(eviction: Object, name: str) -> DeleteOptions:
    """The options of the deletion; raises 400 for another pod's body."""
    given = (eviction.get("metadata") or {}).get("name")
    if given and given != name:
        raise bad_request(f"the name of the object ({given}) does not match the name on the URL ({name})")
    options = eviction.get("deleteOptions") or {}
    preconditions = options.get("preconditions") or {}
    return DeleteOptions(
        grace_period_seconds=options.get("gracePeriodSeconds"),
        propagation=options.get("propagationPolicy"),
        uid=preconditions.get("uid") or "",
        resource_version=preconditions.get("resourceVersion") or "",
    )


def _wanted(store: Store, obj: Object, *, alone: int) -> dict[str, int]:
    """The replicas of the topmost owner that is known, by uid."""
    owner = _owner(store, obj)
    if owner is None:
        return {obj["metadata"]["uid"]: alone}
    return _wanted(store, owner, alone=(owner.get("spec") or {}).get("replicas", 1))


def _owner(store: Store, obj: Object) -> Object | None:
    references = obj["metadata"].get("ownerReferences") or ()
    reference = next((each for each in references if each.get("controller")), None)
    if reference is None or reference["kind"] not in _OWNERS:
        return None
    key = Key(obj["metadata"]["namespace"], reference["name"])
    owner = store.get(_OWNERS[reference["kind"]], key)
    return owner.object if owner is not None and owner.object["metadata"]["uid"] == reference["uid"] else None
