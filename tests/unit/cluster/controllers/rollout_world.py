"""A Deployment's world without a cluster: planned actions are carried out, pods come and go at random."""

import random
from typing import Any

from tests.unit.cluster.controllers.workloads import Json, stamp

from convoy.cluster.controllers.deployments.rollouts import ChangeSet, CreateSet, DeleteSet, plan_rollout
from convoy.cluster.controllers.deployments.sets import limits_of, size_of


class RolloutWorld:
    """Sets by name, their pods as numbers: `running` of them exist, `available` of these are available."""

    def __init__(self, deployment: Json, seed: int = 0) -> None:
        self.deployment = deployment
        self.sets: dict[str, Json] = {}
        self._random = random.Random(seed)

    def plan(self) -> tuple[Any, ...]:
        return plan_rollout(self.deployment, list(self.sets.values()), [])

    def step(self) -> bool:
        """One look of the controller; whether it did anything."""
        actions = self.plan()
        for action in actions:
            self._apply(action)
        return bool(actions)

    def _apply(self, action: Any) -> None:
        if isinstance(action, CreateSet):
            name = action.body["metadata"]["name"]
            assert name not in self.sets
            meta = {**action.body["metadata"], "uid": f"uid-{name}", "creationTimestamp": stamp()}
            status = {"replicas": 0, "availableReplicas": 0, "observedGeneration": 1}
            made = {"apiVersion": "apps/v1", "kind": "ReplicaSet", **action.body}
            self.sets[name] = {**made, "metadata": {**meta, "generation": 1}, "status": status}
            return
        name = action.target["metadata"]["name"]
        if isinstance(action, DeleteSet):
            del self.sets[name]
            return
        assert isinstance(action, ChangeSet)
        known = self.sets[name]
        if action.size is not None:
            known["spec"]["replicas"] = action.size
        known["metadata"]["annotations"] = {**known["metadata"]["annotations"], **action.annotations}

    def sets_follow(self) -> None:
        """The ReplicaSet controller acts for a random set: makes pods, or removes unavailable ones first."""
        if self.sets:
            self.follow(self._random.choice(sorted(self.sets)))

    def follow(self, name: str) -> None:
        status = self.sets[name]["status"]
        status["replicas"] = size_of(self.sets[name])
        status["availableReplicas"] = min(status["availableReplicas"], status["replicas"])

    def pod_becomes_available(self) -> None:
        waiting = [
            each["status"]
            for each in self.sets.values()
            if each["status"]["availableReplicas"] < each["status"]["replicas"]
        ]
        if waiting:
            self._random.choice(waiting)["availableReplicas"] += 1

    def settle(self, *, becomes_available: bool = True) -> None:
        """Until nothing moves any more."""
        for _ in range(500):
            moved = self.step()
            for name in list(self.sets):
                moved |= self.sets[name]["status"]["replicas"] != size_of(self.sets[name])
                self.follow(name)
            if becomes_available:
                moved |= self.available != self.pods
                self.pod_becomes_available()
            if not moved:
                return
        raise AssertionError(f"it does not settle: {self.sizes()}")

    @property
    def asked(self) -> int:
        return sum(map(size_of, self.sets.values()))

    @property
    def pods(self) -> int:
        return sum(each["status"]["replicas"] for each in self.sets.values())

    @property
    def available(self) -> int:
        return sum(each["status"]["availableReplicas"] for each in self.sets.values())

    @property
    def limits(self) -> Any:
        return limits_of(self.deployment)

    def sizes(self) -> dict[str, int]:
        return {image_of(each): size_of(each) for each in self.sets.values()}

    def set_image(self, image: str) -> None:
        self.deployment["spec"]["template"]["spec"]["containers"][0]["image"] = image


def image_of(replica_set: Json) -> str:
    image: str = replica_set["spec"]["template"]["spec"]["containers"][0]["image"]
    return image
