"""All pods of a cluster, in a form that a changed pod changes a little."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from convoy.api.istio.peer_authentication import PeerAuthentication
from convoy.api.kube import core as kube
from convoy.config.view import ConfigView
from convoy.mesh.label_index import LabelIndex
from convoy.mesh.memory import Memory
from convoy.mesh.model import MeshSettings
from convoy.mesh.peer_authentication import PeerPolicies
from convoy.mesh.pods import PodFacts, build_pod_facts, has_finished, pod_locality


class PodChange(msgspec.Struct, frozen=True, eq=False):
    """What became of one pod; None: it was not there, or is no more."""

    old: PodFacts | None
    new: PodFacts | None


class PodIndex(LabelIndex[PodFacts]):
    """The pods that have not finished, by namespace and label and by name; immutable.

    `gateways` are those that are gateways, and `client_namespaces` those where proxies are, sorted; they are
    the same tuples as long as nothing of these changes.
    """

    def __init__(self, pods: Iterable[PodFacts]) -> None:
        super().__init__(pods)
        self._by_name = {pod.name: pod for pod in self}
        self.gateways = tuple(pod for pod in self if pod.is_gateway)
        self._proxies = Counter(pod.namespace for pod in self if pod.has_proxy)
        self.client_namespaces = tuple(sorted(self._proxies))
        self._token = object()
        self._base: object | None = None
        self._changes: tuple[PodChange, ...] = ()

    def get(self, name: str) -> PodFacts | None:
        """A pod by `<pod>.<namespace>`."""
        return self._by_name.get(name)

    def revised(self, news: Mapping[str, PodFacts | None]) -> "PodIndex":
        """The same with some pods, by name, as they are now."""
        pairs = [PodChange(self._by_name.get(name), new) for name, new in news.items()]
        changes = tuple(one for one in pairs if one.old is not one.new)
        if not changes:
            return self
        made = self.exchanged(
            [one.old for one in changes if one.old], [one.new for one in changes if one.new]
        )
        made._base, made._token, made._changes = self._token, object(), changes
        made._by_name, made._proxies = self._by_name.copy(), self._proxies.copy()
        for one in changes:
            made._exchange(one.old, one.new)
        if any(pod and pod.is_gateway for one in changes for pod in (one.old, one.new)):
            made.gateways = tuple(pod for pod in made if pod.is_gateway)
        if made._proxies.keys() != self._proxies.keys():
            made.client_namespaces = tuple(sorted(made._proxies))
        return made

    def _exchange(self, old: PodFacts | None, new: PodFacts | None) -> None:
        if old:
            del self._by_name[old.name]
            self._proxies[old.namespace] -= old.has_proxy
            if not self._proxies[old.namespace]:
                del self._proxies[old.namespace]
        if new:
            self._by_name[new.name] = new
            if new.has_proxy:
                self._proxies[new.namespace] += 1

    def changes_since(self, before: "PodIndex | None") -> tuple[PodChange, ...] | None:
        """The pods in which this index differs; None where that is not known."""
        if before is self:
            return ()
        return self._changes if before is not None and self._base is before._token else None


class _Reading(msgspec.Struct, frozen=True, eq=False):
    """What is read off pods, by what else there is."""

    policies: PeerPolicies
    places: Mapping[str, Mapping[str, str]]
    settings: MeshSettings

    def facts(self, pod: kube.Pod) -> PodFacts | None:
        """A pod's facts; None for one that has finished."""
        node_labels = self.places.get(pod.spec.node_name, {})
        return None if has_finished(pod) else build_pod_facts(pod, self.policies, self.settings, node_labels)

    def may_differ(self, facts: PodFacts) -> bool:
        """Whether facts that were read with other policies or nodes may not be what they would be now."""
        modes = self.policies.modes(facts.namespace, facts.labels)
        node_labels = self.places.get(facts.pod.spec.node_name, {})
        return facts.modes != modes or facts.locality != pod_locality(facts.labels, node_labels)


class _Read(msgspec.Struct, frozen=True, eq=False):
    """The pods of a view."""

    number: int
    listed: tuple[kube.Pod, ...]
    reading: _Reading
    index: PodIndex


def recall_pods(view: ConfigView, settings: MeshSettings, memory: Memory) -> PodIndex:
    """All pods that have not finished; the index remembers in what it differs from the last view's."""
    listed, nodes, written = view.all(kube.Pod), view.all(kube.Node), view.all(PeerAuthentication)
    policies = memory.recall(
        ("policies", written, settings),
        lambda: PeerPolicies(written, root_namespace=settings.root_namespace),
    )
    places = memory.recall(
        ("places", nodes), lambda: {node.metadata.name: node.metadata.labels for node in nodes}
    )

    reading = memory.recall(
        ("reading", policies, places, settings), lambda: _Reading(policies, places, settings)
    )

    def revised(before: _Read | None) -> _Read:
        if before is None:
            index = PodIndex(filter(None, map(reading.facts, listed)))
        else:
            index = before.index.revised(_read_again(before, view, reading))
        return _Read(view.number, listed, reading, index)

    return memory.revise(("pods", settings), revised).index


def _read_again(before: _Read, view: ConfigView, reading: _Reading) -> dict[str, PodFacts | None]:
    """The pods that are not what they were, by name."""
    changed = _changed(before, view) if before.listed is not view.all(kube.Pod) else ()
    found = {_name(old or new): reading.facts(new) if new else None for old, new in changed}
    if reading is not before.reading:
        others = (facts for facts in before.index if facts.name not in found)
        found |= {facts.name: reading.facts(facts.pod) for facts in others if reading.may_differ(facts)}
    return found


def _changed(before: _Read, view: ConfigView) -> Iterator[tuple[kube.Pod | None, kube.Pod | None]]:
    """The pods that changed since a view was read, as they were and as they are."""
    if view.base and view.base == before.number:
        for change in view.changes:
            if change.key.kind == kube.Pod.KIND:
                yield _as_pod(change.old), _as_pod(change.new)
        return
    olds = {_name(pod): pod for pod in before.listed}
    for pod in view.all(kube.Pod):
        old = olds.pop(_name(pod), None)
        if old is not pod:
            yield old, pod
    yield from ((old, None) for old in olds.values())


def _as_pod(found: object) -> kube.Pod | None:
    return found if isinstance(found, kube.Pod) else None


def _name(pod: kube.Pod | None) -> str:
    return f"{pod.metadata.name}.{pod.metadata.namespace}" if pod else ""
