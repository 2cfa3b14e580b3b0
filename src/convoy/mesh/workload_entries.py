"""What the mesh reads off a WorkloadEntry: a workload that is no pod, for selectors to select."""

from collections.abc import Iterable, Mapping

import msgspec

from convoy.api.istio.workload_entry import WorkloadEntry, WorkloadEntrySpec
from convoy.api.meta import Namespace
from convoy.mesh.label_index import LabelIndex

_HAS_HEALTH_CHECKS = "proxy.istio.io/health-checks-enabled"


class ExternalWorkload(msgspec.Struct, frozen=True, eq=False):
    """A WorkloadEntry. The labels of the spec and of the object are one; where they differ the object's
    count.
    """

    name: str
    namespace: Namespace
    labels: Mapping[str, str]
    spec: WorkloadEntrySpec
    is_healthy: bool


ExternalWorkloads = LabelIndex[ExternalWorkload]


def build_external_workloads(entries: Iterable[WorkloadEntry]) -> ExternalWorkloads:
    """All WorkloadEntries."""
    return ExternalWorkloads(_external_workload(entry) for entry in entries)


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
    return entry.metadata.annotations.get(_HAS_HEALTH_CHECKS, "").lower() not in ("true", "1", "t")
