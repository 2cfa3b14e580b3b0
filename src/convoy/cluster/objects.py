"""The Kubernetes objects of one cluster: decoded, checked for what is not built, given addresses, kept.

Static pods and Services bring their addresses along (`status.podIP`, `clusterIP`, the load balancer's
`ingress`); those that do not are given the lowest free one.
"""

import base64
import binascii
import ipaddress
import uuid
from collections.abc import Collection, Iterable, Iterator
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from convoy.api.base import ApiObject
from convoy.api.kube.core import (
    ConfigMap,
    LoadBalancerIngress,
    LoadBalancerStatus,
    Namespace,
    Pod,
    Secret,
    Service,
    ServiceAccount,
    ServiceStatus,
)
from convoy.api.meta import ObjectKey
from convoy.cluster.errors import ManifestError
from convoy.cluster.types import ClusterSpec

KINDS: dict[str, type[ApiObject]] = {
    kind.KIND: kind for kind in (Namespace, ServiceAccount, Service, Secret, ConfigMap, Pod)
}
LOAD_BALANCER_CIDR = "198.19.0.0/24"
_FIRST_POD = 2  # .1 is the bridge
_FIRST_LOAD_BALANCER = 10

Object = TypeVar("Object", bound=ApiObject)


def parse_manifest(manifest: dict[str, Any]) -> ApiObject:
    """The typed object; raises ManifestError."""
    kind = KINDS.get(str(manifest.get("kind")))
    name = f"{manifest.get('kind')} {(manifest.get('metadata') or {}).get('name')}"
    if kind is None:
        raise ManifestError(f"{name}: the embedded cluster runs only {', '.join(KINDS)}.")
    try:
        parsed = msgspec.convert(manifest, kind)
    except msgspec.ValidationError as error:
        raise ManifestError(f"{name}: {error}.") from error
    if not parsed.metadata.name:
        raise ManifestError(f"{name}: metadata.name is missing.")
    namespaced = kind is not Namespace
    metadata = replace(
        parsed.metadata,
        namespace=(parsed.metadata.namespace or "default") if namespaced else "",
        uid=parsed.metadata.uid or str(uuid.uuid4()),
    )
    return replace(parsed, metadata=metadata)


def key_of(item: ApiObject) -> ObjectKey:
    """What names an object within its cluster."""
    return ObjectKey(item.kind, item.metadata.namespace, item.metadata.name)


def secret_content(secret: Secret) -> dict[str, bytes]:
    """The decoded keys of a secret; raises ManifestError without showing a value."""
    content = {}
    for key, value in secret.data.items():
        try:
            content[key] = base64.b64decode(value, validate=True)
        except binascii.Error as error:
            raise ManifestError(f"Secret {secret.metadata.name}: data[{key}] is not base64.") from error
    return content | {key: value.encode() for key, value in secret.string_data.items()}


def config_map_content(config_map: ConfigMap) -> dict[str, bytes]:
    """The keys of a config map as bytes."""
    binary = {key: base64.b64decode(value) for key, value in config_map.binary_data.items()}
    return binary | {key: value.encode() for key, value in config_map.data.items()}


def load_balancer_addresses(service: Service) -> tuple[str, ...]:
    """The addresses at which other clusters reach a Service."""
    if service.spec.type != "LoadBalancer":
        return ()
    return tuple(ingress.ip for ingress in service.status.load_balancer.ingress if ingress.ip)


class ObjectStore:
    """The objects of one cluster by key."""

    def __init__(self, spec: ClusterSpec) -> None:
        self._spec = spec
        self._objects: dict[ObjectKey, ApiObject] = {}

    def put(self, item: ApiObject, *, taken: Collection[str]) -> ApiObject:
        """Store an object, replacing the one of its name, and give it the addresses it lacks.

        `taken` are the load balancer addresses of other clusters. The uid of a replaced object stays.
        """
        previous = self._objects.get(key_of(item))
        if previous is not None:
            item = replace(item, metadata=replace(item.metadata, uid=previous.metadata.uid))
        if isinstance(item, Pod):
            item = self._with_pod_address(item, previous)
        if isinstance(item, Service):
            item = self._with_service_addresses(item, previous, taken)
        self._objects[key_of(item)] = item
        return item

    def put_all(self, items: Iterable[ApiObject], *, taken: Collection[str]) -> list[ApiObject]:
        """Store several objects, or none of them when one is refused; gives them with their addresses."""
        before = dict(self._objects)
        try:
            return [self.put(item, taken=taken) for item in items]
        except ManifestError:
            self._objects = before
            raise

    def remove(self, key: ObjectKey) -> ApiObject | None:
        """Forget an object; None when there is none of that name."""
        return self._objects.pop(key, None)

    def get(self, kind: type[Object], namespace: str, name: str) -> Object | None:
        """The object of that kind and name."""
        found = self._objects.get(ObjectKey(kind.KIND, namespace, name))
        return found if isinstance(found, kind) else None

    def all(self, kind: type[Object]) -> Iterator[Object]:
        """The objects of a kind, sorted by namespace and name."""
        for key in sorted(self._objects):
            item = self._objects[key]
            if isinstance(item, kind):
                yield item

    def _with_pod_address(self, pod: Pod, previous: ApiObject | None) -> Pod:
        address = pod.status.pod_ip
        if not address and isinstance(previous, Pod):
            address = previous.status.pod_ip
        others = {other.status.pod_ip for other in self.all(Pod) if key_of(other) != key_of(pod)}
        if not address:
            address = lowest_free(self._spec.pod_cidr, others, first=_FIRST_POD)
        if ipaddress.ip_address(address) not in ipaddress.ip_network(self._spec.pod_cidr):
            raise ManifestError(
                f"{key_of(pod)}: podIP {address} is not in the cluster's {self._spec.pod_cidr}."
            )
        if address in others:
            raise ManifestError(f"{key_of(pod)}: podIP {address} belongs to another pod.")
        return replace(pod, status=replace(pod.status, pod_ip=address))

    def _with_service_addresses(
        self, service: Service, previous: ApiObject | None, taken: Collection[str]
    ) -> Service:
        others = [other for other in self.all(Service) if key_of(other) != key_of(service)]
        before = previous if isinstance(previous, Service) else None
        spec = service.spec
        if not spec.cluster_ip and spec.type != "ExternalName":
            used = {other.spec.cluster_ip for other in others}
            kept = before.spec.cluster_ip if before else ""
            address = kept or lowest_free(self._spec.service_cidr, used, first=1)
            service = replace(service, spec=replace(spec, cluster_ip=address))
        if spec.type == "LoadBalancer" and not load_balancer_addresses(service):
            used = {*taken, *(address for other in others for address in load_balancer_addresses(other))}
            kept = next(iter(load_balancer_addresses(before)), "") if before else ""
            free = lowest_free(LOAD_BALANCER_CIDR, used, first=_FIRST_LOAD_BALANCER)
            ingress = [LoadBalancerIngress(ip=spec.load_balancer_ip or kept or free)]
            service = replace(
                service, status=ServiceStatus(load_balancer=LoadBalancerStatus(ingress=ingress))
            )
        for address in load_balancer_addresses(service):
            if address in taken:
                raise ManifestError(f"{key_of(service)}: {address} is in use by another cluster.")
        return service


def lowest_free(cidr: str, used: Collection[str], *, first: int) -> str:
    """The lowest host address of a range, counted from `first`, that is not in `used`."""
    network = ipaddress.ip_network(cidr)
    for number in range(first, network.num_addresses - 1):
        address = str(network[number])
        if address not in used:
            return address
    raise ManifestError(f"no address is left in {cidr}.")
