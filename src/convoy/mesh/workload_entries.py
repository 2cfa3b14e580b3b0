"""What the mesh reads off a WorkloadEntry: a workload beside the pods, for selectors to select."""

from collections.abc import Iterable, Mapping

import msgspec

from convoy.api.istio.workload_entry import WorkloadEntry, WorkloadEntrySpec
from convoy.api.meta import Namespace
from convoy.mesh.label_index import LabelIndex

_HAS_HEALTH_CHECKS = "proxy.istio.io/health-checks-enabled"


class ExternalWorkload(msgspec.Struct, frozen=True, eq=False):
    """A WorkloadEntry, or what stands for one. The labels of the spec and of the object are one; where they
    differ the object's count.
    """

    name: str
    namespace: Namespace
    labels: Mapping[str, str]
    spec: WorkloadEntrySpec
    is_healthy: bool


ExternalWorkloads = LabelIndex[ExternalWorkload]


def build_external_workloads(
    entries: Iterable[WorkloadEntry], members: Iterable[ExternalWorkload] = ()
) -> ExternalWorkloads:
    """All WorkloadEntries, and the `members` of groups, which have none."""
    return ExternalWorkloads([*map(_external_workload, entries), *members])


def announces_health(annotations: Mapping[str, str]) -> bool:
    """Whether annotations say that somebody checks the workload's health."""
    return annotations.get(_HAS_HEALTH_CHECKS, "").lower() in ("true", "1", "t")


def _external_workload(entry: WorkloadEntry) -> ExternalWorkload:
    labels = {**entry.spec.labels, **entry.metadata.labels}
    return ExternalWorkload(
        name=entry.metadata.name,
        namespace=Namespace(entry.metadata.namespace),
        labels=labels,
        spec=msgspec.structs.replace(entry.spec, labels=labels),
        is_healthy=_is_healthy(entry),
    )


def _is_healthy(entry: WorkloadEntry) -> bool:
    """As the condition `Healthy` says; who announces health checks and has no result yet is not."""
    states = [each.get("status") for each in entry.status.conditions if each.get("type") == "Healthy"]
    if states:
        return states[-1] == "True"
    return not announces_health(entry.metadata.annotations)
