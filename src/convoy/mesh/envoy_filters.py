"""EnvoyFilters: which patches a proxy gets, and in which order.

Those of the root namespace come first, then those of the proxy's own; within a namespace the lower priority,
then the older (https://istio.io/latest/docs/reference/config/networking/envoy-filter/).
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec
import re2

from convoy.api.istio.envoy_filter import EnvoyFilter, PatchContext, ProxyMatch
from convoy.api.validation.finding import LONGEST_REGEX
from convoy.mesh.model import MeshSettings
from convoy.mesh.model.envoy_filters import EnvoyPatch
from convoy.mesh.pods import PodFacts

_PREFIX = "ISTIO_META_"
_PROXY = "istio-proxy"

Patches = tuple[EnvoyPatch, ...]


class _Prepared(msgspec.Struct, frozen=True, eq=False):
    labels: Mapping[str, str]
    patches: tuple[tuple[ProxyMatch | None, EnvoyPatch], ...]


class EnvoyFilters:
    """All EnvoyFilters of a cluster, oldest first; proxies with equal patches get the same object."""

    def __init__(self, filters: Iterable[EnvoyFilter], *, settings: MeshSettings) -> None:
        self._root: str = settings.root_namespace
        self._by_namespace: dict[str, list[_Prepared]] = {}
        self._shared: dict[Patches, Patches] = {}
        for one in sorted(filters, key=lambda one: one.spec.priority):
            # What names a target is for a gateway of the Gateway API, not for every proxy.
            if not one.spec.target_refs:
                self._by_namespace.setdefault(one.metadata.namespace, []).append(_prepare(one))

    def of(self, pod: PodFacts) -> Patches:
        """The patches for a pod's proxy."""
        if not self._by_namespace:
            return ()
        namespaces = dict.fromkeys((self._root, str(pod.namespace)))
        chosen = (one for each in namespaces for one in self._by_namespace.get(each, ()))
        patches = tuple(patch for one in chosen for patch in _patches_for(one, pod))
        return self._shared.setdefault(patches, patches)


def _prepare(written: EnvoyFilter) -> _Prepared:
    selector = written.spec.workload_selector
    return _Prepared(
        labels=selector.labels if selector else {},
        patches=tuple(
            (
                patch.match.proxy if patch.match else None,
                EnvoyPatch(msgspec.json.encode(patch, order="sorted")),
            )
            for patch in written.spec.config_patches
            if not (patch.match and patch.match.context is PatchContext.WAYPOINT)
        ),
    )


def _patches_for(one: _Prepared, pod: PodFacts) -> Iterator[EnvoyPatch]:
    if any(pod.labels.get(key) != value for key, value in one.labels.items()):
        return
    for proxy, patch in one.patches:
        if proxy is None or _is_meant(proxy, node_metadata(pod)):
            yield patch


def _is_meant(wanted: ProxyMatch, metadata: Mapping[str, str]) -> bool:
    pattern = wanted.proxy_version
    if pattern and len(pattern) <= LONGEST_REGEX:
        version = metadata.get("ISTIO_VERSION", "")
        if not version or not re2.search(pattern, version):
            return False
    return all(metadata.get(key) == value for key, value in wanted.metadata.items())


def node_metadata(pod: PodFacts) -> Mapping[str, str]:
    """What a pod's proxy says about itself, as far as it is text: its `ISTIO_META_` variables and its place.

    The agent says the same (`agent/bootstrap.py`).
    """
    containers = (*pod.pod.spec.containers, *pod.pod.spec.init_containers)
    variables = {
        variable.name.removeprefix(_PREFIX): variable.value
        for container in containers
        if container.name == _PROXY
        for variable in container.env
        if variable.name.startswith(_PREFIX)
    }
    return {
        **variables,
        "NAME": pod.pod.metadata.name,
        "NAMESPACE": pod.namespace,
        "SERVICE_ACCOUNT": pod.pod.spec.service_account_name or "default",
        "INSTANCE_IPS": pod.address,
    }
