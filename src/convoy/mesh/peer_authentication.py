"""PeerAuthentication: which mode a workload's ports are in.

The oldest policy that selects the workload, over the oldest one of its namespace, over the oldest one of the
root namespace, over PERMISSIVE; UNSET inherits. Ports are target ports. Policies with a selector in the root
namespace are ignored, as Istio ignores them.
"""

from collections.abc import Iterable, Mapping

from convoy.api.istio.peer_authentication import MtlsMode, MutualTls, PeerAuthentication
from convoy.mesh.model import Part


class Modes(Part, frozen=True, cache_hash=True):
    """The modes of one workload; never UNSET. `ports` is sorted by port and names every port a policy
    names.
    """

    default: MtlsMode
    ports: tuple[tuple[int, MtlsMode], ...] = ()

    def of(self, port: int) -> MtlsMode:
        """The mode of a target port."""
        return next((mode for number, mode in self.ports if number == port), self.default)


class PeerPolicies:
    """All PeerAuthentications of a cluster, ready to be asked for workloads."""

    def __init__(self, policies: Iterable[PeerAuthentication], *, root_namespace: str) -> None:
        self._root = root_namespace
        self._of_namespace: dict[str, PeerAuthentication] = {}
        self._of_workloads: dict[str, list[PeerAuthentication]] = {}
        for policy in policies:
            namespace = policy.metadata.namespace
            if not selector_labels(policy):
                self._of_namespace.setdefault(namespace, policy)
            elif namespace != root_namespace:
                self._of_workloads.setdefault(namespace, []).append(policy)
        self._mesh_mode = self._inherit(root_namespace, MtlsMode.PERMISSIVE)

    def modes(self, namespace: str, labels: Mapping[str, str]) -> Modes:
        """The modes of a workload with these labels in this namespace."""
        default = self._inherit(namespace, self._mesh_mode)
        policy = self._oldest_selecting(namespace, labels)
        if policy is None:
            return Modes(default)
        default = _mode(policy.spec.mtls, default)
        ports = {int(port): _mode(mtls, default) for port, mtls in policy.spec.port_level_mtls.items()}
        return Modes(default, tuple(sorted(ports.items())))

    def _inherit(self, namespace: str, inherited: MtlsMode) -> MtlsMode:
        policy = self._of_namespace.get(namespace)
        return _mode(policy.spec.mtls, inherited) if policy else inherited

    def _oldest_selecting(self, namespace: str, labels: Mapping[str, str]) -> PeerAuthentication | None:
        candidates = self._of_workloads.get(namespace, ())
        return next(
            (policy for policy in candidates if selector_labels(policy).items() <= labels.items()), None
        )


def selector_labels(policy: PeerAuthentication) -> Mapping[str, str]:
    """The labels a policy selects by; none: it is for the whole namespace."""
    return policy.spec.selector.match_labels if policy.spec.selector else {}


def _mode(mtls: MutualTls | None, inherited: MtlsMode) -> MtlsMode:
    return inherited if mtls is None or mtls.mode is MtlsMode.UNSET else mtls.mode
