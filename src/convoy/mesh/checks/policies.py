"""PeerAuthentications that have no effect."""

from collections.abc import Iterator

from convoy.api import codes
from convoy.api.istio.peer_authentication import PeerAuthentication
from convoy.api.kinds import key_of
from convoy.api.problems import Problem
from convoy.config.view import ConfigView
from convoy.mesh.checks.finding import named
from convoy.mesh.peer_authentication import selector_labels


def check_policies(view: ConfigView, *, root_namespace: str) -> Iterator[Problem]:
    """Selectors in the root namespace, and all but the oldest of those for one namespace or one selector."""
    first: dict[tuple[str, tuple[tuple[str, str], ...]], PeerAuthentication] = {}
    for policy in view.all(PeerAuthentication):
        labels = selector_labels(policy)
        if labels and policy.metadata.namespace == root_namespace:
            yield Problem(
                code=codes.IGNORED_POLICY,
                key=key_of(policy),
                field="spec.selector",
                message="In the root namespace a policy with a selector is ignored.",
                remedy="Write it in the namespace of the workload.",
            )
            continue
        older = first.setdefault((policy.metadata.namespace, tuple(sorted(labels.items()))), policy)
        if older is not policy:
            yield Problem(
                code=codes.IGNORED_POLICY,
                key=key_of(policy),
                field="spec",
                message=f"{named(key_of(older))} is for the same workloads and older; this one is ignored.",
                remedy="Put them together, or remove one.",
            )
