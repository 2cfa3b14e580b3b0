"""The loop round the planning of Jobs."""

from functools import partial

from convoy.cluster.controllers.batches import in_batches
from convoy.cluster.controllers.clients import is_namespace_ending
from convoy.cluster.controllers.controller import Controller
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.jobs.plan import JobPlan, plan_job
from convoy.cluster.controllers.jobs.pods import build_job_pod
from convoy.cluster.controllers.jobs.tally import FINALIZER, is_tracked
from convoy.cluster.controllers.objects import Json, finalizers_of, is_deleting, name_of
from convoy.cluster.controllers.owners import controller_of, is_controlled_by
from convoy.cluster.controllers.pods import PODS
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.store import Key

JOBS = "batch/jobs"


class JobController(Controller):
    """Runs Jobs."""

    name = "job-controller"

    def follow(self, feed: Feed) -> None:
        """Jobs and their pods; a pod whose Job is gone is let go, too."""
        feed.on(JOBS, self.add_own)
        feed.on(PODS, partial(self.add_controllers_of, "Job"))

    async def sync(self, key: Key) -> float | None:
        """Count, tell, then make and remove pods."""
        job = self.client.get(JOBS, key.namespace, key.name)
        pods = self._pods(key, job)
        if job is None or is_deleting(job):
            for pod in pods:
                await self._release(pod)
            return None
        plan = plan_job(job, pods, self.clock.now())
        # The status comes first: a pod that lost its finalizer must be in it.
        await self.client.set_status(JOBS, job, plan.status)
        for pod in plan.release:
            await self._release(pod)
        for happened in plan.happened:
            self.record(job, happened.kind, happened.reason, happened.message)
        error = await self._manage(job, plan)
        if error is not None and not is_namespace_ending(error):
            raise error
        return plan.again

    def _pods(self, key: Key, job: Json | None) -> list[Json]:
        pods = self.client.list(PODS, key.namespace)
        if job is not None:
            return [pod for pod in pods if is_controlled_by(pod, job)]
        refs = ((pod, controller_of(pod)) for pod in pods if is_tracked(pod))
        return [pod for pod, ref in refs if ref and (ref.get("kind"), ref.get("name")) == ("Job", key.name)]

    async def _manage(self, job: Json, plan: JobPlan) -> StatusError | None:
        for pod in plan.withdraw:
            await self._release(pod)  # first: what the Job itself takes back has not failed
            await self._delete(job, pod)
        for pod in plan.delete:
            await self._delete(job, pod)
        _, error = await in_batches(plan.create, partial(self._create, job))
        return error

    async def _create(self, job: Json, index: int | None) -> None:
        try:
            pod = await self.client.create(PODS, build_job_pod(job, index))
        except StatusError as error:
            if not is_namespace_ending(error):
                self.record(job, "Warning", "FailedCreate", f"Error creating: {error.message}")
            raise
        self.record(job, "Normal", "SuccessfulCreate", f"Created pod: {name_of(pod)}")

    async def _delete(self, job: Json, pod: Json) -> None:
        if await self.client.delete(PODS, pod):
            self.record(job, "Normal", "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")

    async def _release(self, pod: Json) -> None:
        if is_tracked(pod):
            await self.client.modify(PODS, pod, _without_finalizer)


def _without_finalizer(pod: Json) -> Json | None:
    if FINALIZER not in finalizers_of(pod):
        return None
    pod["metadata"]["finalizers"] = [each for each in finalizers_of(pod) if each != FINALIZER]
    return pod
