"""What a pod refers to, and how it is read: the API's objects as the typed ones that a kubelet works with."""

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

import msgspec

from convoy.api.base import ApiObject
from convoy.api.kube.core import ConfigMap, Container, Pod, Secret
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.registry.registry import Registry

Object = TypeVar("Object", bound=ApiObject)
_STORAGES = {ConfigMap.KIND: "configmaps", Secret.KIND: "secrets"}


class Reference(NamedTuple):
    """One object; `storage` as the store names its kind."""

    storage: str
    namespace: str
    name: str


def references(pod: Pod) -> frozenset[Reference]:
    """The ConfigMaps and Secrets whose change may change what the pod's containers see."""
    namespace = pod.metadata.namespace
    found = {("configmaps", name) for name in _config_maps(pod)} | {
        ("secrets", name) for name in _secrets(pod)
    }
    return frozenset(Reference(storage, namespace, name) for storage, name in found if name)


def _config_maps(pod: Pod) -> Iterator[str]:
    yield from _in_environment(pod, "configMap")
    for volume in pod.spec.volumes:
        yield (volume.config_map or {}).get("name", "")
        for source in (volume.projected or {}).get("sources") or []:
            yield (source.get("configMap") or {}).get("name", "")


def _secrets(pod: Pod) -> Iterator[str]:
    yield from _in_environment(pod, "secret")
    for volume in pod.spec.volumes:
        yield (volume.secret or {}).get("secretName", "")
        for source in (volume.projected or {}).get("sources") or []:
            yield (source.get("secret") or {}).get("name", "")


def _in_environment(pod: Pod, kind: str) -> Iterator[str]:
    containers: list[Container] = [*pod.spec.init_containers, *pod.spec.containers]
    for container in (*containers, *pod.spec.ephemeral_containers):
        for source in container.env_from:
            yield (source.get(f"{kind}Ref") or {}).get("name", "")
        for variable in container.env:
            yield ((variable.value_from or {}).get(f"{kind}KeyRef") or {}).get("name", "")


class RegistryObjects:
    """ConfigMaps and Secrets of a cluster, typed."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._resources: dict[str, Resource] = {
            kind: registry.resources.stored(storage) for kind, storage in _STORAGES.items()
        }

    def get(self, kind: type[Object], namespace: str, name: str) -> Object | None:
        """The object of that kind and name."""
        stored = self._registry.find(self._resources[kind.KIND], namespace, name)
        return None if stored is None else msgspec.convert(without_nulls(stored.object), kind)


def read_pod(obj: dict[str, Any]) -> Pod:
    """The typed pod; msgspec.ValidationError for what is none."""
    return msgspec.convert(without_nulls({**obj, "metadata": _own_metadata(obj)}), Pod)


def _own_metadata(obj: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in obj["metadata"].items() if key != "managedFields"}


def without_nulls(value: Any) -> Any:
    """JSON without the members that are null, which means the same in the API."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [without_nulls(each) for each in value]
    return value
