"""The cluster as a placement sees it: nodes with their pods, and what is left of them. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from convoy.cluster.controllers.objects import Json, labels_of, name_of, spec_of
from convoy.cluster.controllers.pods import is_finished
from convoy.cluster.machinery.conditions import is_true
from convoy.cluster.scheduler.demands import Demand, HostPort, allocatable_of, demand_of


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node, the pods that are on it, and what they take."""

    node: Json
    pods: tuple[Json, ...] = ()
    used: Mapping[str, int] = field(default_factory=dict)
    ports: tuple[HostPort, ...] = ()

    @property
    def name(self) -> str:
        """The node's name."""
        return name_of(self.node)

    @property
    def labels(self) -> Mapping[str, str]:
        """The node's labels."""
        return labels_of(self.node)

    @property
    def is_ready(self) -> bool:
        """Whether its kubelet works."""
        return is_true(self.node, "Ready")

    def free(self) -> dict[str, int]:
        """What is left, in thousandths; less than nothing where too much was taken."""
        return {name: amount - self.used.get(name, 0) for name, amount in allocatable_of(self.node).items()}


@dataclass(frozen=True, slots=True)
class ClusterView:
    """All nodes by name, and the labels of each namespace."""

    nodes: tuple[NodeView, ...]
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def pods(self) -> Iterable[tuple[NodeView, Json]]:
        """Every placed pod with its node."""
        for node in self.nodes:
            for pod in node.pods:
                yield node, pod


def build_view(
    nodes: Iterable[Json],
    pods: Iterable[Json],
    *,
    namespaces: Iterable[Json] = (),
    demand: Callable[[Json], Demand] = demand_of,
) -> ClusterView:
    """The view; pods that finished take nothing, those that end take all until they are gone."""
    placed: dict[str, list[Json]] = {}
    for pod in pods:
        if (node := spec_of(pod).get("nodeName")) and not is_finished(pod):
            placed.setdefault(node, []).append(pod)
    views = [_node_view(node, placed.get(name_of(node), []), demand) for node in nodes]
    return ClusterView(
        tuple(sorted(views, key=lambda view: view.name)),
        {name_of(each): labels_of(each) for each in namespaces},
    )


def _node_view(node: Json, pods: list[Json], demand: Callable[[Json], Demand]) -> NodeView:
    used: Counter[str] = Counter()
    ports: list[HostPort] = []
    for pod in pods:
        taken = demand(pod)
        used.update(taken.requests)
        ports += taken.ports
    return NodeView(node, tuple(pods), used, tuple(ports))
