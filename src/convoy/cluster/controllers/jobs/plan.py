"""What a Job does next: pods to make and to remove, whether it is over, and its status. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from convoy.cluster.controllers.jobs.indexes import index_of, is_indexed, missing_indexes
from convoy.cluster.controllers.jobs.tally import Tally, replaces_failed_only, tally
from convoy.cluster.controllers.objects import (
    Json,
    created_at,
    is_deleting,
    metadata_of,
    spec_of,
    status_of,
    uid_of,
)
from convoy.cluster.controllers.pods import deletion_order, is_active, is_finished, is_ready, phase_of
from convoy.cluster.controllers.recording import EventKind
from convoy.cluster.machinery.conditions import find_condition, is_true, new_condition, with_condition
from convoy.kit.times import format_time, parse_time

_FIRST_DELAY = 10.0
_LONGEST_DELAY = 600.0
_DEFAULT_LIMIT = 6
_REACHED = "Reached expected number of succeeded pods"


@dataclass(frozen=True, slots=True)
class Happened:
    """An event to record."""

    kind: EventKind
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class JobPlan:
    """`create` has an index, or None, for each new pod. Status first, then `release`, then the rest.

    `withdraw` are removed without being counted as failed, `delete` are counted.
    """

    status: Json
    create: tuple[int | None, ...] = ()
    withdraw: tuple[Json, ...] = ()
    delete: tuple[Json, ...] = ()
    release: tuple[Json, ...] = ()
    happened: tuple[Happened, ...] = ()
    again: float | None = None


def is_over(job: Json) -> bool:
    """Whether it completed or failed."""
    return is_true(job, "Complete") or is_true(job, "Failed")


def is_suspended(job: Json) -> bool:
    """Whether it is to have no pods for now."""
    return bool(spec_of(job).get("suspend"))


def plan_job(job: Json, pods: Sequence[Json], now: datetime) -> JobPlan:
    """The plan for a Job with these pods."""
    counted = tally(job, pods)
    if is_over(job):
        return JobPlan(status=status_of(job), release=counted.release)
    active = [pod for pod in pods if is_active(pod)]
    ending = [pod for pod in pods if is_deleting(pod) and not is_finished(pod)]
    status, happened = _started(job, now)
    status = {**status, **counted.settled}
    counts = {"active": len(active), "ready": sum(map(is_ready, active)), "terminating": len(ending)}
    if (failure := _failure(job, status, counted, active=active, now=now)) is not None:
        return _fail(status, counted, counts, active=active, failure=failure, now=now, happened=happened)
    if _is_complete(job, counted, active):
        return _complete(status, counted, counts, active=active, now=now, happened=happened)
    if is_suspended(job):
        plan = JobPlan(status=status, withdraw=tuple(active))
    else:
        plan = _plan_pods(job, pods, counted, active=active, now=now)
    counts["active"] += len(plan.create) - len(plan.withdraw)
    counts["terminating"] += len(plan.withdraw)
    return JobPlan(
        status=_told(status, counts),
        create=plan.create,
        withdraw=plan.withdraw,
        release=counted.release,
        happened=tuple(happened),
        again=_soonest(plan.again, _seconds_left(job, status, now)),
    )


def _soonest(*seconds: float | None) -> float | None:
    return min((each for each in seconds if each is not None), default=None)


def _told(status: Json, counts: dict[str, int]) -> Json:
    """The status with its counts; `ready` and `terminating` are told also when they are 0."""
    merged = {**status, **counts}
    optional = ("active", "succeeded", "failed", "completedIndexes")
    return {name: value for name, value in merged.items() if value or name not in optional}


def _started(job: Json, now: datetime) -> tuple[Json, list[Happened]]:
    """The status with its start, or with the condition that it is suspended."""
    status = dict(status_of(job))
    condition = find_condition(job, "Suspended")
    was_suspended = condition is not None and condition.get("status") == "True"
    happened = []
    if is_suspended(job):
        if not was_suspended:
            status["conditions"] = _with(
                status, new_condition("Suspended", "True", "JobSuspended", "Job suspended"), now
            )
            happened.append(Happened("Normal", "Suspended", "Job suspended"))
        status.pop("startTime", None)
        return status, happened
    if was_suspended:
        status["conditions"] = _with(
            status, new_condition("Suspended", "False", "JobResumed", "Job resumed"), now
        )
        happened.append(Happened("Normal", "Resumed", "Job resumed"))
    if was_suspended or "startTime" not in status:
        status["startTime"] = format_time(now)
    return status, happened


def _with(status: Json, condition: Json, now: datetime) -> list[Json]:
    new = {**condition, "lastProbeTime": format_time(now)}
    return with_condition(status.get("conditions") or (), new, now)


# How it ends.


def _failure(
    job: Json, status: Json, counted: Tally, *, active: Sequence[Json], now: datetime
) -> tuple[str, str] | None:
    """Reason and message, when the Job has failed or is about to."""
    target = find_condition(job, "FailureTarget")
    if target is not None and target.get("status") == "True":
        return target.get("reason") or "", target.get("message") or ""
    if counted.failed_job:
        return "PodFailurePolicy", counted.failed_job
    limit = spec_of(job).get("backoffLimit")
    limit = _DEFAULT_LIMIT if limit is None else int(limit)
    if counted.failed > limit or _restarted_too_often(job, active, limit):
        return "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    left = _seconds_left(job, status, now)
    if left is not None and left <= 0:
        return "DeadlineExceeded", "Job was active longer than specified deadline"
    return None


def _restarted_too_often(job: Json, active: Sequence[Json], limit: int) -> bool:
    template = spec_of(job).get("template") or {}
    if spec_of(template).get("restartPolicy") != "OnFailure":
        return False
    restarts = sum(
        int(container.get("restartCount") or 0)
        for pod in active
        if phase_of(pod) in ("Running", "Pending")
        for field in ("initContainerStatuses", "containerStatuses")
        for container in status_of(pod).get(field) or ()
    )
    return restarts >= limit if limit else restarts > 0


def _seconds_left(job: Json, status: Json, now: datetime) -> float | None:
    deadline = spec_of(job).get("activeDeadlineSeconds")
    started = parse_time(status.get("startTime"))
    if deadline is None or started is None or is_suspended(job):
        return None
    return (started + timedelta(seconds=int(deadline)) - now).total_seconds()


def _fail(
    status: Json,
    counted: Tally,
    counts: dict[str, int],
    *,
    active: Sequence[Json],
    failure: tuple[str, str],
    now: datetime,
    happened: list[Happened],
) -> JobPlan:
    """Remove what runs, then say so: `Failed` comes when the last pod has ended and is counted."""
    reason, message = failure
    status["conditions"] = _with(status, new_condition("FailureTarget", "True", reason, message), now)
    if not active and not counts["terminating"] and counted.is_settled:
        status["conditions"] = _with(status, new_condition("Failed", "True", reason, message), now)
        happened.append(Happened("Warning", reason, message))
    return JobPlan(
        status=_told(status, counts),
        delete=tuple(active),
        release=counted.release,
        happened=tuple(happened),
    )


def _is_complete(job: Json, counted: Tally, active: Sequence[Json]) -> bool:
    completions = spec_of(job).get("completions")
    if completions is None:  # a work queue: done when one succeeded and all have ended
        return counted.succeeded > 0 and not active
    return counted.succeeded >= int(completions)


def _complete(
    status: Json,
    counted: Tally,
    counts: dict[str, int],
    *,
    active: Sequence[Json],
    now: datetime,
    happened: list[Happened],
) -> JobPlan:
    reached = ("True", "CompletionsReached", _REACHED)
    status["conditions"] = _with(status, new_condition("SuccessCriteriaMet", *reached), now)
    if not active and not counts["terminating"] and counted.is_settled:
        status["conditions"] = _with(status, new_condition("Complete", *reached), now)
        status["completionTime"] = format_time(now)
        happened.append(Happened("Normal", "Completed", "Job completed"))
    return JobPlan(
        status=_told(status, counts),
        withdraw=tuple(active),
        release=counted.release,
        happened=tuple(happened),
    )


# Which pods it has while it goes on.


def _plan_pods(
    job: Json, pods: Sequence[Json], counted: Tally, *, active: Sequence[Json], now: datetime
) -> JobPlan:
    surplus = _surplus(job, counted, active)
    kept = [pod for pod in active if not any(pod is each for each in surplus)]
    wanted = _wanted(job, counted, len(kept))
    if len(kept) > wanted:
        ranked = sorted(kept, key=lambda pod: deletion_order(pod, on_same_node=0))
        surplus += ranked[: len(kept) - wanted]
        return JobPlan(status={}, withdraw=tuple(surplus))
    ending = [pod for pod in pods if is_deleting(pod) and not is_finished(pod)]
    waited_for = ending if replaces_failed_only(job) else []
    room = wanted - len(kept) - len(waited_for)
    if room <= 0:
        return JobPlan(status={}, withdraw=tuple(surplus))
    delay = backoff_left(job, pods, now)
    if delay > 0:
        return JobPlan(status={}, withdraw=tuple(surplus), again=delay)
    return JobPlan(
        status={}, withdraw=tuple(surplus), create=_new_pods(job, counted, [*kept, *waited_for], room)
    )


def _wanted(job: Json, counted: Tally, active: int) -> int:
    parallelism = spec_of(job).get("parallelism")
    parallelism = 1 if parallelism is None else int(parallelism)
    completions = spec_of(job).get("completions")
    if completions is None:
        return min(active, parallelism) if counted.succeeded else parallelism
    return max(0, min(int(completions) - counted.succeeded, parallelism))


def _surplus(job: Json, counted: Tally, active: Sequence[Json]) -> list[Json]:
    """Pods of an index that is done, unknown, or another older pod's."""
    if not is_indexed(job):
        return []
    taken = set(counted.completed)
    completions = int(spec_of(job).get("completions") or 0)
    surplus = []
    for pod in sorted(active, key=lambda each: (created_at(each), uid_of(each))):
        index = index_of(pod)
        if index is None or index in taken or index >= completions:
            surplus.append(pod)
        else:
            taken.add(index)
    return surplus


def _new_pods(job: Json, counted: Tally, present: Sequence[Json], room: int) -> tuple[int | None, ...]:
    if not is_indexed(job):
        return (None,) * room
    taken = {*counted.completed, *(index for index in map(index_of, present) if index is not None)}
    return tuple(missing_indexes(int(spec_of(job).get("completions") or 0), taken, room))


def backoff_left(job: Json, pods: Sequence[Json], now: datetime) -> float:
    """How long new pods are to wait: twice as long for each failure since the last success."""
    ended = sorted(
        (at, phase_of(pod) == "Succeeded")
        for pod in pods
        if is_finished(pod) and (at := ended_at(pod)) is not None
    )
    failures = 0
    for _, succeeded in ended:
        failures = 0 if succeeded else failures + 1
    if not failures:
        return 0.0
    delay = min(_FIRST_DELAY * 2.0 ** (failures - 1), _LONGEST_DELAY)
    return (ended[-1][0] + timedelta(seconds=delay) - now).total_seconds()


def ended_at(pod: Json) -> datetime | None:
    """When a pod's last container ended; where nothing tells, when it stopped being ready, or was made."""
    status = status_of(pod)
    times = [
        at
        for container in status.get("containerStatuses") or ()
        if (at := parse_time(((container.get("state") or {}).get("terminated") or {}).get("finishedAt")))
    ]
    if times:
        return max(times)
    condition = find_condition(pod, "Ready")
    told = condition.get("lastTransitionTime") if condition else None
    return parse_time(told or metadata_of(pod).get("creationTimestamp"))
