"""Finished Jobs that asked to be removed after a while (`ttlSecondsAfterFinished`)."""

from datetime import datetime, timedelta

from convoy.cluster.controllers.controller import Controller
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.jobs.jobs import JOBS
from convoy.cluster.controllers.objects import Json, is_deleting, spec_of
from convoy.cluster.machinery.conditions import find_condition
from convoy.cluster.store import Key
from convoy.kit.times import parse_time


class FinishedJobController(Controller):
    """Deletes Jobs whose time has come."""

    name = "ttl-after-finished-controller"

    def follow(self, feed: Feed) -> None:
        """Jobs."""
        feed.on(JOBS, self.add_own)

    async def sync(self, key: Key) -> float | None:
        """Delete the Job, or come back when it is due."""
        job = self.client.get(JOBS, key.namespace, key.name)
        left = seconds_left(job, self.clock.now()) if job is not None else None
        if job is None or left is None or left > 0:
            return left
        await self.client.delete(JOBS, job, propagation="Foreground")
        return None


def seconds_left(job: Json, now: datetime) -> float | None:
    """How long a finished Job stays; None when it stays until someone deletes it."""
    ttl = spec_of(job).get("ttlSecondsAfterFinished")
    if ttl is None or is_deleting(job):
        return None
    for kind in ("Complete", "Failed"):
        condition = find_condition(job, kind)
        if condition is not None and condition.get("status") == "True":
            finished = parse_time(condition.get("lastTransitionTime"))
            return (finished + timedelta(seconds=int(ttl)) - now).total_seconds() if finished else None
    return None
