"""The members of WorkloadGroups: what a group's template says of each of them, and how it is asked whether it
is ready.

A workload joins a group by its proxy, which names the group of its namespace in the variable
`ISTIO_META_AUTO_REGISTER_GROUP`. From then on it is as if there were a WorkloadEntry `<group>-<address>` made
of the template. None is written: who a member is follows from the objects that there are. An account that the
template states must be the workload's own, or it would be met as somebody whom it cannot prove to be.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from convoy.api.istio.workload_group import ReadinessProbe, WorkloadGroup
from convoy.mesh.identities import spiffe_id
from convoy.mesh.pod_index import PodIndex
from convoy.mesh.pods import PodFacts
from convoy.mesh.workload_entries import ExternalWorkload, announces_health

Groups = Mapping[tuple[str, str], WorkloadGroup]
"""By namespace and name."""


def index_groups(groups: Iterable[WorkloadGroup]) -> Groups:
    """All groups, ready to be asked for."""
    return {(group.metadata.namespace, group.metadata.name): group for group in groups}


def build_members(groups: Groups, pods: PodIndex, *, trust_domain: str) -> Iterator[ExternalWorkload]:
    """A workload for each member that has an address; it is as healthy as its pod is ready."""
    for pod in pods if groups else ():
        group = _group_of(pod, groups, trust_domain)
        if group is not None and pod.address and not pod.is_terminating:
            yield _member(pod, group)


def build_probes(groups: Groups, pods: PodIndex, *, trust_domain: str) -> Mapping[str, ReadinessProbe]:
    """How members are asked whether they are ready, by `<pod>.<namespace>`, where their groups say it."""
    found = {pod.name: _group_of(pod, groups, trust_domain) for pod in (pods if groups else ())}
    return {name: group.spec.probe for name, group in found.items() if group and group.spec.probe}


def _group_of(pod: PodFacts, groups: Groups, trust_domain: str) -> WorkloadGroup | None:
    group = groups.get((pod.namespace, pod.group)) if pod.group and pod.has_sidecar else None
    return group if group and has_account(pod, group, trust_domain=trust_domain) else None


def has_account(pod: PodFacts, group: WorkloadGroup, *, trust_domain: str) -> bool:
    """Whether a pod runs as what its group's template states, if that states an account."""
    account = group.spec.template.service_account
    return not account or spiffe_id(trust_domain, pod.namespace, account) == pod.identity


def _member(pod: PodFacts, group: WorkloadGroup) -> ExternalWorkload:
    template, metadata = group.spec.template, group.spec.metadata
    labels = {**template.labels, **metadata.labels}
    # Who announces results of health checks and has none to make never has one.
    is_checked = group.spec.probe is not None or not announces_health(metadata.annotations)
    return ExternalWorkload(
        name=f"{group.metadata.name}-{pod.address}",
        namespace=pod.namespace,
        labels=labels,
        spec=msgspec.structs.replace(
            template,
            address=pod.address,
            labels=labels,
            network=template.network or pod.network,
            locality=template.locality or pod.locality,
        ),
        is_healthy=pod.is_ready and is_checked,
    )
