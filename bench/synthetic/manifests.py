"""The objects of a synthetic cluster as Kubernetes has them, so that any control plane can be given them.

Services are spread over namespaces and ports in turn; each has pods of its own, a VirtualService with a match
and two weighted subsets, and a DestinationRule with these subsets. Callers are pods that no Service selects,
spread over the namespaces in the same way.

With several clusters, the services of each round over the namespaces are another cluster's than those of the
round before; every cluster has all namespaces.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

Manifest = dict[str, Any]

_FIRST_PORT = 8000
_APP_PORT = 8080
_NETWORKING = "networking.istio.io/v1"


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How large: all services over `ports` port numbers, `endpoints` pods behind each.

    The first `virtual_services` of the services have one, and as many have DestinationRules; None: all.
    """

    services: int = 1_000
    ports: int = 20
    endpoints: int = 5
    namespaces: int = 10
    clusters: int = 1
    callers: int = 0
    virtual_services: int | None = None
    destination_rules: int | None = None


def manifests(size: Size, *, cluster: int = 0) -> Iterator[Manifest]:
    """Every object of a cluster, what others need first."""
    for number in range(size.namespaces):
        yield namespace(number)
    for number in services_of(size, cluster):
        yield service(size, number)
        for replica in range(size.endpoints):
            yield pod(size, number, replica)
        if number < _count(size.virtual_services, size):
            yield virtual_service(size, number)
        if number < _count(size.destination_rules, size):
            yield destination_rule(size, number)
    for number in range(size.callers):
        yield caller(size, number)


def services_of(size: Size, cluster: int) -> Sequence[int]:
    """The numbers of a cluster's services."""
    rounds = range(size.services)
    return [number for number in rounds if number // size.namespaces % size.clusters == cluster]


def namespace(number: int) -> Manifest:
    """A namespace whose pods get sidecars."""
    metadata = {"name": f"namespace-{number}", "labels": {"istio-injection": "enabled"}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def service_account(size: Size, number: int) -> Manifest:
    """What the pods of a service run as."""
    metadata = {"name": name_of(number), "namespace": namespace_of(size, number)}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def service(size: Size, number: int) -> Manifest:
    """A Service with one HTTP port."""
    spec = {
        "clusterIP": _address("10.96", number),
        "selector": {"app": name_of(number)},
        "ports": [{"name": "http", "port": port_of(size, number), "targetPort": _APP_PORT}],
    }
    return _object("v1", "Service", name_of(number), namespace_of(size, number), spec=spec)


def pod(size: Size, number: int, replica: int) -> Manifest:
    """A pod behind a Service; of its version the subsets know two."""
    address = address_of(size, number, replica)
    return _service_pod(
        size, number, f"{name_of(number)}-{replica}", version=replica % 2 + 1, address=address
    )


def extra_pod(size: Size, number: int, generation: int) -> Manifest:
    """One more pod behind a Service, of those that come and go; generations count from 1."""
    address = _address("10.64", generation * size.services + number)
    return _service_pod(size, number, f"{name_of(number)}-x{generation}", version=1, address=address)


def endpoint_slice(size: Size, number: int) -> Manifest:
    """What a cluster's controller makes of the pods behind a Service."""
    ready = [
        {"addresses": [address_of(size, number, replica)], "conditions": {"ready": True}}
        for replica in range(size.endpoints)
    ]
    labels = {"kubernetes.io/service-name": name_of(number)}
    metadata = {"name": name_of(number), "namespace": namespace_of(size, number), "labels": labels}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata,
        "addressType": "IPv4",
        "endpoints": ready,
        "ports": [{"name": "http", "port": _APP_PORT, "protocol": "TCP"}],
    }


def caller(size: Size, number: int) -> Manifest:
    """A pod that only calls."""
    name = f"caller-{number}"
    return _pod(name, namespace_of(size, number), {"app": name}, _address("10.32", number), account="caller")


def virtual_service(size: Size, number: int, *, weight: int = 90) -> Manifest:
    """Rules for a Service: one subset for testers, two by weight for everybody else."""
    host = host_of(size, number)

    def to(subset: str, share: int) -> Manifest:
        return {"destination": {"host": host, "subset": subset}, "weight": share}

    http = [
        {"match": [{"headers": {"x-tester": {"exact": "yes"}}}], "route": [to("v2", 100)]},
        {"route": [to("v1", weight), to("v2", 100 - weight)], "timeout": "10s"},
    ]
    spec = {"hosts": [host], "http": http}
    return _object(_NETWORKING, "VirtualService", name_of(number), namespace_of(size, number), spec=spec)


def destination_rule(size: Size, number: int) -> Manifest:
    """The subsets of a Service."""
    subsets = [{"name": version, "labels": {"version": version}} for version in ("v1", "v2")]
    spec = {"host": host_of(size, number), "subsets": subsets}
    return _object(_NETWORKING, "DestinationRule", name_of(number), namespace_of(size, number), spec=spec)


def address_of(size: Size, number: int, replica: int) -> str:
    """The address of a service's pod."""
    return _address("10.4", number * size.endpoints + replica)


def generation_of(size: Size, address: str) -> int:
    """Of which generation the pod with an address is; 0 for those that were there from the start."""
    first, second, third, fourth = map(int, address.split("."))
    if (first, second) < (10, 64):
        return 0
    return (((second - 64) * 250 + third) * 250 + fourth - 1) // size.services


def name_of(number: int) -> str:
    """The name of a service and of its app."""
    return f"service-{number}"


def namespace_of(size: Size, number: int) -> str:
    """Where a service, its pods and rules are, or a caller."""
    return f"namespace-{number % size.namespaces}"


def host_of(size: Size, number: int) -> str:
    """The full name of a service."""
    return f"{name_of(number)}.{namespace_of(size, number)}.svc.cluster.local"


def port_of(size: Size, number: int) -> int:
    """The port that a service is called on."""
    return _FIRST_PORT + number % size.ports


def _count(wanted: int | None, size: Size) -> int:
    return size.services if wanted is None else wanted


def _service_pod(size: Size, number: int, name: str, *, version: int, address: str) -> Manifest:
    labels = {"app": name_of(number), "version": f"v{version}"}
    return _pod(name, namespace_of(size, number), labels, address, account=name_of(number))


def _pod(name: str, namespace: str, labels: Manifest, address: str, *, account: str) -> Manifest:
    container = {"name": "app", "image": "app", "ports": [{"containerPort": _APP_PORT}]}
    spec = {"serviceAccountName": account, "containers": [container]}
    ready = {"type": "Ready", "status": "True"}
    status = {"phase": "Running", "podIP": address, "conditions": [ready]}
    return {**_object("v1", "Pod", name, namespace, spec=spec, labels=labels), "status": status}


def _object(
    version: str, kind: str, name: str, namespace: str, *, spec: Manifest, labels: Manifest | None = None
) -> Manifest:
    metadata = {"name": name, "namespace": namespace, **({"labels": labels} if labels else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def _address(prefix: str, number: int) -> str:
    first, second = prefix.split(".")
    high, low = divmod(number, 250)
    more, middle = divmod(high, 250)
    return f"{first}.{int(second) + more}.{middle}.{low + 1}"
