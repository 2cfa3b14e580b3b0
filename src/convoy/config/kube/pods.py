"""Of a pod what the mesh reads, as plain data: by far the most objects of a cluster are pods, and large ones.

What is left out is neither kept nor compared, so no change of it wakes anybody. That an application is given
variables, volumes or limits is nothing to a mesh; the variables of its own proxies are.
"""

from collections.abc import Callable
from typing import Any

from convoy.config.kube.listings import Json

_PROXY = "istio-proxy"
_SPEC = ("serviceAccountName", "serviceAccount", "nodeName")
_CONTAINERS = ("containers", "initContainers")
_CONTAINER = ("name", "ports")
_OF_PROXY = (*_CONTAINER, "args", "env")
_STATUS = ("phase", "podIP", "podIPs", "hostIP", "conditions")
_CONDITION = ("type", "status")


def prune_pod(pod: Json) -> Json:
    """A copy with metadata, addresses, conditions, account, node, ports, and how its proxies are started."""
    pruned = dict(pod)
    for field, prune in (("spec", _spec), ("status", _status)):
        if isinstance(pod.get(field), dict):
            pruned[field] = prune(pod[field])
    return pruned


def _spec(spec: Json) -> Json:
    kept = _only(spec, _SPEC)
    for field in _CONTAINERS:
        if field in spec:
            kept[field] = _each(spec[field], _container)
    return kept


def _container(container: Json) -> Json:
    return _only(container, _OF_PROXY if container.get("name") == _PROXY else _CONTAINER)


def _status(status: Json) -> Json:
    kept = _only(status, _STATUS)
    if "conditions" in kept:
        kept["conditions"] = _each(kept["conditions"], lambda condition: _only(condition, _CONDITION))
    return kept


def _each(value: Any, prune: Callable[[Json], Json]) -> Any:
    """What is no list of mappings is left to whoever decodes it, who says so."""
    if not isinstance(value, list):
        return value
    return [prune(item) if isinstance(item, dict) else item for item in value]


def _only(value: Json, fields: tuple[str, ...]) -> Json:
    return {field: value[field] for field in fields if field in value}
