"""Pods that join a WorkloadGroup of which they are no members."""

from collections.abc import Iterator

from convoy.api import codes
from convoy.api.istio.workload_group import WorkloadGroup
from convoy.api.kinds import key_of
from convoy.api.paths import quote
from convoy.api.problems import Problem
from convoy.mesh.checks.finding import did_you_mean, named
from convoy.mesh.pods import GROUP_VARIABLE, PodFacts
from convoy.mesh.workload_groups import Groups, has_account


def check_member(pod: PodFacts, groups: Groups, *, trust_domain: str) -> Iterator[Problem]:
    """The group that a pod's proxy names: whether it is there, and for the pod's account."""
    if not pod.group:
        return
    group = groups.get((pod.namespace, pod.group))
    if group is None:
        yield _missing(pod, groups)
    elif not has_account(pod, group, trust_domain=trust_domain):
        yield _of_another_account(pod, group)


def _missing(pod: PodFacts, groups: Groups) -> Problem:
    known = [name for namespace, name in groups if namespace == pod.namespace]
    return Problem(
        code=codes.NO_MEMBER,
        key=key_of(pod.pod),
        field="spec",
        message=f"{GROUP_VARIABLE} of its proxy is {quote(pod.group)}, but namespace {pod.namespace} has no"
        " WorkloadGroup of that name.",
        remedy=did_you_mean(pod.group, known) or "Write the WorkloadGroup, or correct the name.",
    )


def _of_another_account(pod: PodFacts, group: WorkloadGroup) -> Problem:
    account = group.spec.template.service_account
    return Problem(
        code=codes.NO_MEMBER,
        key=key_of(group),
        field="spec.template.serviceAccount",
        message=f"{named(key_of(pod.pod))} joins the group, but does not run as {quote(account)}.",
        remedy="State the account that the group's members run as.",
    )
