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


@dataclass(slots=True)
class _Count:
    """The numbers while pods are counted; `succeeded` and `failed` are uids to be settled."""

    completed: set[int]
    succeeded: list[str]
    failed: list[str]
    release: list[Json]
    failed_job: str = ""

    def add(self, job: Json, pod: Json) -> None:
        """Note a pod that ended and was not noted before."""
        if phase_of(pod) == "Succeeded":
            if is_indexed(job):
                self.completed |= _completed(job, pod)
            else:
                self.succeeded.append(uid_of(pod))
            self.release.append(pod)
        elif has_failed(job, pod):
            self._add_failed(job, pod)

    def _add_failed(self, job: Json, pod: Json) -> None:
        verdict = judge(job, pod) if phase_of(pod) == "Failed" else None
        if verdict is not None and verdict.action == "FailJob":
            self.failed_job = self.failed_job or verdict.message
        if verdict is None or verdict.action != "Ignore":
            self.failed.append(uid_of(pod))
        self.release.append(pod)


def tally(job: Json, pods: Sequence[Json]) -> Tally:
    """Count the Job's pods on top of what its status says."""
    status = status_of(job)
    noted = status.get("uncountedTerminatedPods") or {}
    noted_success, noted_failure = noted.get("succeeded") or (), noted.get("failed") or ()
    tracked = {uid_of(pod): pod for pod in pods if is_tracked(pod)}
    count = _Count(
        completed=parse_indexes(
            status.get("completedIndexes") or "", below=spec_of(job).get("completions") or 0
        ),
        succeeded=[uid for uid in noted_success if uid in tracked],
        failed=[uid for uid in noted_failure if uid in tracked],
        release=[tracked[uid] for uid in (*noted_success, *noted_failure) if uid in tracked],
    )
    # A pod that was noted and is tracked no more was let go of: its number may be settled.
    succeeded = int(status.get("succeeded") or 0) + len(noted_success) - len(count.succeeded)
    failed = int(status.get("failed") or 0) + len(noted_failure) - len(count.failed)
    already = {*count.succeeded, *count.failed}
    for uid, pod in tracked.items():
        if uid not in already:
            count.add(job, pod)
    if is_indexed(job):
        succeeded = len(count.completed)
    settled: Json = {
        "succeeded": succeeded,
        "failed": failed,
        "completedIndexes": format_indexes(count.completed),
        "uncountedTerminatedPods": without_empty({"succeeded": count.succeeded, "failed": count.failed}),
    }
    return Tally(
        succeeded=succeeded + len(count.succeeded),
        failed=failed + len(count.failed),
        completed=frozenset(count.completed),
        settled=settled,
        release=tuple(count.release),
        is_settled=not count.release,
        failed_job=count.failed_job,
    )


def _completed(job: Json, pod: Json) -> set[int]:
    index = index_of(pod)
    completions = int(spec_of(job).get("completions") or 0)
    return {index} if index is not None and index < completions else set()
