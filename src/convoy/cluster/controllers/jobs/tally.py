"""How many pods of a Job succeeded and failed, each counted exactly once. Pure.

A pod keeps a finalizer until it is counted: its uid is noted in `uncountedTerminatedPods`, the finalizer is
taken off, and when it is off the number goes up and the uid is forgotten. Whenever this stops, it goes on
from what the status says, and neither loses nor repeats a pod
(https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-tracking-with-finalizers).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from convoy.cluster.controllers.jobs.failure_policy import judge
from convoy.cluster.controllers.jobs.indexes import format_indexes, index_of, is_indexed, parse_indexes
from convoy.cluster.controllers.objects import (
    Json,
    finalizers_of,
    is_deleting,
    spec_of,
    status_of,
    uid_of,
    without_empty,
)
from convoy.cluster.controllers.pods import phase_of

FINALIZER = "batch.kubernetes.io/job-tracking"


@dataclass(frozen=True, slots=True)
class Tally:
    """Numbers that include what is noted but not settled; `release` are pods whose finalizer may go."""

    succeeded: int
    failed: int
    completed: frozenset[int]
    settled: Json  # the status fields: succeeded, failed, completedIndexes, uncountedTerminatedPods
    release: tuple[Json, ...]
    is_settled: bool
    failed_job: str = ""  # the policy's reason to fail the Job


def is_tracked(pod: Json) -> bool:
    """Whether it was not counted yet."""
    return FINALIZER in finalizers_of(pod)


def has_failed(job: Json, pod: Json) -> bool:
    """Whether it counts as failed: also one that is being deleted, unless it is to be replaced only later."""
    if phase_of(pod) == "Failed":
        return True
    return is_deleting(pod) and phase_of(pod) != "Succeeded" and not replaces_failed_only(job)


def replaces_failed_only(job: Json) -> bool:
    """Whether a pod that ends is replaced only once it has ended."""
    return bool(spec_of(job).get("podReplacementPolicy") == "Failed" or spec_of(job).get("podFailurePolicy"))


def tally(job: Json, pods: Sequence[Json]) -> Tally:
    """Count the Job's pods on top of what its status says."""
    status = status_of(job)
    noted = status.get("uncountedTerminatedPods") or {}
    succeeded_uids, failed_uids = list(noted.get("succeeded") or ()), list(noted.get("failed") or ())
    tracked = {uid_of(pod): pod for pod in pods if is_tracked(pod)}
    succeeded = int(status.get("succeeded") or 0)
    failed = int(status.get("failed") or 0)
    completed = parse_indexes(status.get("completedIndexes") or "")
    settled_success = [uid for uid in succeeded_uids if uid not in tracked]
    settled_failure = [uid for uid in failed_uids if uid not in tracked]
    succeeded += len(settled_success)
    failed += len(settled_failure)
    succeeded_uids = [uid for uid in succeeded_uids if uid in tracked]
    failed_uids = [uid for uid in failed_uids if uid in tracked]
    release = [tracked[uid] for uid in (*succeeded_uids, *failed_uids)]
    failed_job = ""
    for uid, pod in tracked.items():
        if uid in succeeded_uids or uid in failed_uids:
            continue
        if phase_of(pod) == "Succeeded":
            if is_indexed(job):
                completed |= _completed(job, pod)
            else:
                succeeded_uids.append(uid)
            release.append(pod)
        elif has_failed(job, pod):
            verdict = judge(job, pod) if phase_of(pod) == "Failed" else None
            if verdict is not None and verdict.action == "FailJob":
                failed_job = failed_job or verdict.message
            if verdict is None or verdict.action != "Ignore":
                failed_uids.append(uid)
            release.append(pod)
    if is_indexed(job):
        succeeded = len(completed)
    settled: Json = {
        "succeeded": succeeded,
        "failed": failed,
        "completedIndexes": format_indexes(completed),
        "uncountedTerminatedPods": without_empty({"succeeded": succeeded_uids, "failed": failed_uids}),
    }
    return Tally(
        succeeded=succeeded + len(succeeded_uids),
        failed=failed + len(failed_uids),
        completed=frozenset(completed),
        settled=settled,
        release=tuple(release),
        is_settled=not release,
        failed_job=failed_job,
    )


def _completed(job: Json, pod: Json) -> set[int]:
    index = index_of(pod)
    completions = int(spec_of(job).get("completions") or 0)
    return {index} if index is not None and index < completions else set()
