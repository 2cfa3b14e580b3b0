"""The status of PodDisruptionBudgets: how many pods may go now, counted as evictions count."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from convoy.cluster.controllers.controller import Controller
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.objects import (
    Json,
    generation_of,
    is_deleting,
    labels_of,
    name_of,
    spec_of,
    status_of,
)
from convoy.cluster.controllers.pods import PODS, is_finished, is_ready
from convoy.cluster.machinery.conditions import new_condition, with_condition
from convoy.cluster.registry.disruptions import Budget, count_budget, selected_pods
from convoy.cluster.registry.eviction import wanted_by_owners
from convoy.cluster.store import Event, Key
from convoy.cluster.store.selectors import label_selector_of
from convoy.kit.times import parse_time

BUDGETS = "policy/poddisruptionbudgets"
_OWNERS = ("apps/deployments", "apps/replicasets", "apps/statefulsets", "replicationcontrollers")
_EVICTION_SECONDS = 120.0  # an evicted pod that is not deleted by then stays after all


class DisruptionController(Controller):
    """Keeps the statuses of budgets."""

    name = "disruption-controller"

    def follow(self, feed: Feed) -> None:
        """Budgets, pods, and the sizes that owners of pods ask for."""
        feed.on(BUDGETS, self.add_own)
        feed.on(PODS, self._add_of_pod)
        for storage in _OWNERS:
            feed.on(storage, self._add_of_owner)

    def _add_of_pod(self, event: Event) -> None:
        before = event.previous.object if event.previous and event.type == "MODIFIED" else None
        pod = event.stored.object
        if before is not None and _facts(before) == _facts(pod):
            return
        for budget in self.client.list(BUDGETS, event.stored.key.namespace):
            selector = label_selector_of(spec_of(budget).get("selector"))
            if any(selector.matches(labels_of(each)) for each in (pod, before) if each is not None):
                self.queue.add(self.key(budget))

    def _add_of_owner(self, event: Event) -> None:
        before = spec_of(event.previous.object).get("replicas") if event.previous else None
        if event.type == "DELETED" or spec_of(event.stored.object).get("replicas") != before:
            for budget in self.client.list(BUDGETS, event.stored.key.namespace):
                self.queue.add(self.key(budget))

    async def sync(self, key: Key) -> float | None:
        """Count, and tell."""
        budget = self.client.get(BUDGETS, key.namespace, key.name)
        if budget is None or is_deleting(budget):
            return None
        pods = self.client.list(PODS, key.namespace)
        wanted = wanted_by_owners(self.client.registry.store, selected_pods(budget, pods))
        now = self.clock.now()
        evicted = still_evicted(budget, {name_of(pod): pod for pod in pods}, now)
        counted = count_budget(budget, [pod for pod in pods if name_of(pod) not in evicted], wanted)
        await self.client.set_status(BUDGETS, budget, budget_status(budget, counted, evicted, now))
        return _EVICTION_SECONDS if evicted else None


def _facts(pod: Json) -> tuple[object, ...]:
    return labels_of(pod), is_ready(pod), is_finished(pod), is_deleting(pod)


def still_evicted(budget: Json, pods: Mapping[str, Json], now: datetime) -> dict[str, str]:
    """The pods whose eviction was granted and that are not deleted yet, with the times of it."""
    granted = status_of(budget).get("disruptedPods") or {}
    return {
        name: at
        for name, at in granted.items()
        if (pod := pods.get(name)) is not None
        and not is_deleting(pod)
        and (since := parse_time(at)) is not None
        and now < since + timedelta(seconds=_EVICTION_SECONDS)
    }


def budget_status(budget: Json, counted: Budget, evicted: Mapping[str, str], now: datetime) -> Json:
    """The status that these numbers make."""
    if counted.allowed > 0:
        condition = new_condition("DisruptionAllowed", "True", "SufficientPods", "")
    else:
        condition = new_condition("DisruptionAllowed", "False", "InsufficientPods", "")
    condition["observedGeneration"] = generation_of(budget)
    return {
        "currentHealthy": counted.healthy,
        "desiredHealthy": counted.desired,
        "disruptionsAllowed": counted.allowed,
        "expectedPods": counted.expected,
        "observedGeneration": generation_of(budget),
        **({"disruptedPods": dict(evicted)} if evicted else {}),
        "conditions": with_condition(status_of(budget).get("conditions") or (), condition, now),
    }
