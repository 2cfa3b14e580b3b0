"""The loop round the planning of CronJobs."""

from datetime import datetime
from functools import partial

from convoy.cluster.controllers.clients import CONFLICT, is_namespace_ending
from convoy.cluster.controllers.controller import Controller
from convoy.cluster.controllers.cronjobs.plan import (
    build_job,
    cron_status,
    outcome_of,
    plan_cron,
)
from convoy.cluster.controllers.cronjobs.schedules import ScheduleError, parse_schedule
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.jobs.jobs import JOBS
from convoy.cluster.controllers.objects import Json, is_deleting, name_of, namespace_of, spec_of
from convoy.cluster.controllers.owners import is_controlled_by
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.store import Key

CRON_JOBS = "batch/cronjobs"


class CronJobController(Controller):
    """Starts Jobs on time."""

    name = "cronjob-controller"

    def follow(self, feed: Feed) -> None:
        """CronJobs and their Jobs."""
        feed.on(CRON_JOBS, self.add_own)
        feed.on(JOBS, partial(self.add_controllers_of, "CronJob"))

    async def sync(self, key: Key) -> float | None:
        """Start what is due, tidy up, and come back at the next time."""
        cron = self.client.get(CRON_JOBS, key.namespace, key.name)
        if cron is None or is_deleting(cron):
            return None
        try:
            schedule = parse_schedule(spec_of(cron).get("schedule") or "", spec_of(cron).get("timeZone"))
        except ScheduleError as error:
            text = f'unparseable schedule: "{spec_of(cron).get("schedule")}": {error}'
            self.record(cron, "Warning", "UnparseableSchedule", text)
            return None
        plan = plan_cron(cron, self._jobs(cron), schedule, self.clock.now())
        for told in plan.happened:
            self.record(cron, told.kind, told.reason, told.message)
        for job in plan.finished:
            text = f"Saw completed job: {name_of(job)}, condition: {outcome_of(job)}"
            self.record(cron, "Normal", "SawCompletedJob", text)
        for job in (*plan.delete, *plan.replace):
            if await self.client.delete(JOBS, job):
                self.record(cron, "Normal", "SuccessfulDelete", f"Deleted job {name_of(job)}")
        started = await self._start(cron, plan.start) if plan.start else None
        served = plan.start if started is not None else None
        status = cron_status(cron, self._jobs(cron), started=started, at=served)
        await self.client.set_status(CRON_JOBS, cron, status)
        return plan.again

    def _jobs(self, cron: Json) -> list[Json]:
        return [job for job in self.client.list(JOBS, namespace_of(cron)) if is_controlled_by(job, cron)]

    async def _start(self, cron: Json, at: datetime) -> Json | None:
        try:
            job = await self.client.create(JOBS, build_job(cron, at))
        except StatusError as error:
            if error.code == CONFLICT or is_namespace_ending(error):
                return None
            self.record(cron, "Warning", "FailedCreate", f"Error creating job: {error.message}")
            raise
        self.record(cron, "Normal", "SuccessfulCreate", f"Created job {name_of(job)}")
        return job
