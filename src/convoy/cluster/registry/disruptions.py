"""Whether a pod may be evicted: what PodDisruptionBudgets allow, worked out from the pods as they are; pure.

https://kubernetes.io/docs/concepts/workloads/pods/disruptions/ and
https://kubernetes.io/docs/tasks/run-application/configure-pdb/
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from convoy.cluster.machinery.amounts import resolve_amount
from convoy.cluster.machinery.conditions import is_true
from convoy.cluster.machinery.statuses import Cause, StatusError, internal_error
from convoy.cluster.store.selectors import label_selector_of

Object = dict[str, Any]

_ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class Budget:
    """The numbers of a PodDisruptionBudget's status."""

    expected: int
    healthy: int
    desired: int

    @property
    def allowed(self) -> int:
        """How many pods may go now."""
        return max(0, self.healthy - self.desired) if self.expected else 0


def needs_budget(pod: Object) -> bool:
    """Whether a budget has a say: pods that have not begun, have ended or are ending go anyway."""
    phase = (pod.get("status") or {}).get("phase")
    return "deletionTimestamp" not in pod["metadata"] and phase not in (*_ENDED, "Pending")


def budget_of(pod: Object, budgets: Iterable[Object]) -> Object | None:
    """The budget that selects a pod; raises 500 for several, as Kubernetes does."""
    found = [budget for budget in budgets if _selects(budget, pod)]
    if len(found) > 1:
        raise internal_error(
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        )
    return found[0] if found else None


def count_budget(budget: Object, pods: Iterable[Object], owners_replicas: int) -> Budget:
    """A budget's numbers; `pods` are those of its namespace, `owners_replicas` what their owners want."""
    living = [
        pod for pod in selected_pods(budget, pods) if (pod.get("status") or {}).get("phase") not in _ENDED
    ]
    healthy = sum(1 for pod in living if is_true(pod, "Ready") and "deletionTimestamp" not in pod["metadata"])
    spec = budget.get("spec") or {}
    most, least = spec.get("maxUnavailable"), spec.get("minAvailable")
    if most is not None:
        expected = owners_replicas
        return Budget(expected, healthy, max(0, expected - resolve_amount(most, expected, round_up=True)))
    if isinstance(least, str):
        return Budget(owners_replicas, healthy, resolve_amount(least, owners_replicas, round_up=True))
    return Budget(len(living), healthy, 1 if least is None else int(least))


def selected_pods(budget: Object, pods: Iterable[Object]) -> list[Object]:
    """The pods that a budget is about."""
    return [pod for pod in pods if _selects(budget, pod)]


def check_eviction(pod: Object, budget: Object, numbers: Budget) -> None:
    """Raises 429 when the pod must stay."""
    if not is_true(pod, "Ready") and _unhealthy_may_go(budget, numbers):
        return
    if numbers.allowed > 0:
        return
    name = budget["metadata"]["name"]
    needs = f"needs {numbers.desired} healthy pods and has {numbers.healthy} currently"
    message = f"The disruption budget {name} {needs}"
    raise StatusError(
        429,
        "TooManyRequests",
        "Cannot evict pod as it would violate the pod's disruption budget.",
        {"causes": [Cause("DisruptionBudget", message).to_json()]},
    )


def _unhealthy_may_go(budget: Object, numbers: Budget) -> bool:
    if (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    return numbers.healthy >= numbers.desired > 0


def _selects(budget: Object, pod: Object) -> bool:
    selector = (budget.get("spec") or {}).get("selector")
    if selector is None:
        return False
    return label_selector_of(selector).matches(pod["metadata"].get("labels") or {})
