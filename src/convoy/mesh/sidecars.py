"""Which Sidecar is for which workload.

The oldest one that selects the workload, else the oldest of its namespace without a selector, else the oldest
of the root namespace without one. Without any, a workload imports everything that it may see.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from convoy.api.istio.sidecar import Sidecar


class Sidecars:
    """All Sidecars of a cluster, oldest first, ready to be asked for workloads."""

    def __init__(self, sidecars: Iterable[Sidecar] = (), *, root_namespace: str) -> None:
        self._root = root_namespace
        self._by_name: dict[str, Sidecar] = {}
        self._of_namespace: dict[str, Sidecar] = {}
        self._of_workloads: dict[str, list[Sidecar]] = {}
        self._scopes: dict[str, str] = {}
        alike: dict[bytes, str] = {}
        for sidecar in sidecars:
            namespace = sidecar.metadata.namespace
            name = name_of(sidecar)
            self._by_name[name] = sidecar
            limits = bool(sidecar.spec.egress or sidecar.spec.outbound_traffic_policy)
            self._scopes[name] = alike.setdefault(_outbound_digest(sidecar), name) if limits else ""
            if selector_labels(sidecar):
                self._of_workloads.setdefault(namespace, []).append(sidecar)
            else:
                self._of_namespace.setdefault(namespace, sidecar)

    def __iter__(self) -> Iterator[Sidecar]:
        return iter(self._by_name.values())

    def find(self, name: str) -> Sidecar | None:
        """The one of a name, `<namespace>/<name>`."""
        return self._by_name.get(name)

    def of(self, namespace: str, labels: Mapping[str, str]) -> Sidecar | None:
        """The one that is for a workload of a namespace with these labels."""
        for sidecar in self._of_workloads.get(namespace, ()):
            if selector_labels(sidecar).items() <= labels.items():
                return sidecar
        return self._of_namespace.get(namespace) or self._of_namespace.get(self._root)

    def scope_of(self, namespace: str, labels: Mapping[str, str]) -> str:
        """What limits the egress of a workload: the name of the first Sidecar that says the same as its own;
        empty when nothing does.
        """
        sidecar = self.of(namespace, labels)
        return self._scopes[name_of(sidecar)] if sidecar else ""


def name_of(sidecar: Sidecar) -> str:
    """`<namespace>/<name>`."""
    return f"{sidecar.metadata.namespace}/{sidecar.metadata.name}"


def _outbound_digest(sidecar: Sidecar) -> bytes:
    """What a Sidecar says about egress. Short names in it mean its own namespace."""
    spec, proxy = sidecar.spec, sidecar.spec.outbound_traffic_policy
    own = sidecar.metadata.namespace if proxy and proxy.egress_proxy else ""
    return msgspec.json.encode((spec.egress, spec.outbound_traffic_policy, own))


def selector_labels(sidecar: Sidecar) -> Mapping[str, str]:
    """The labels it selects by; none: it is for the whole namespace."""
    return sidecar.spec.workload_selector.labels if sidecar.spec.workload_selector else {}
