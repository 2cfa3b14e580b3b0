"""From where each proxy sees endpoints. While no rule asks, everybody is nowhere, and shares everything."""

from collections import Counter

from convoy.api.kube import core as kube
from convoy.mesh.destination_rules import DestinationRules
from convoy.mesh.endpoint_labels import LabelFilter, label_filter
from convoy.mesh.model import NOWHERE, MeshSettings, Vantage
from convoy.mesh.pod_index import PodIndex
from convoy.mesh.pods import PodFacts

_CANONICAL = ("service.istio.io/canonical-name", "app.kubernetes.io/name", "app")


class Vantages:
    """Finds the vantage of a pod."""

    def __init__(self, pods: PodIndex, rules: DestinationRules, settings: MeshSettings) -> None:
        has_default = settings.default_traffic_policy is not None
        self._matters = has_default or rules.uses_localities or bool(settings.locality_lb.distribute)
        self._labels: LabelFilter = label_filter(rules.order_keys(), settings)
        self._callers: dict[tuple[str, str], Counter[str]] = {}
        self.depends_on_all = has_default or rules.uses_zones
        """Whether a pod's vantage says where all its replicas are."""
        if self.depends_on_all:
            for pod in pods:
                if pod.has_proxy:
                    self._callers.setdefault(_workload(pod), Counter())[pod.locality] += 1

    def of(self, pod: PodFacts) -> Vantage:
        """Equal for pods in one place, as far as anything depends on places."""
        if not self._matters:
            return NOWHERE
        peers = self._callers.get(_workload(pod), Counter())
        return Vantage(
            pod.locality,
            self._labels.of(
                pod.labels, network=pod.network, locality=pod.locality, node=pod.pod.spec.node_name
            ),
            tuple(sorted(peers.items())),
        )


def _workload(pod: PodFacts) -> tuple[str, str]:
    """Whose replica a pod is: Istio's canonical name, or the name that its replicas begin with."""
    named = next((pod.labels[label] for label in _CANONICAL if pod.labels.get(label)), None)
    return pod.namespace, named or _owner(pod.pod)


def _owner(pod: kube.Pod) -> str:
    return pod.metadata.generate_name or pod.metadata.name
