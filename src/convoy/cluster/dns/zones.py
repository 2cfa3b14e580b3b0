"""The names of a cluster with an API server, found in its Services, EndpointSlices and Pods when asked.

As the specification of Kubernetes' DNS has them
(https://github.com/kubernetes/dns/blob/master/docs/specification.md).
"""

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from convoy.cluster.dns.answers import CLUSTER_DOMAIN, WORLD_DOMAIN
from convoy.cluster.dns.records import EXISTS, Records, ServicePlace
from convoy.cluster.network.endpoints import is_ready
from convoy.cluster.network.index import ServiceIndex
from convoy.cluster.network.service_fields import is_headless, service_type
from convoy.cluster.store import Key, Store

Json = dict[str, Any]

_SPECIFICATION = "1.1.0"
_REVERSE = ".in-addr.arpa"


class ClusterNames:
    """Answers for `cluster.local` and for the reverse zones of its addresses."""

    def __init__(self, store: Store, index: ServiceIndex) -> None:
        self._store = store
        self._index = index
        self._pointers: dict[str, tuple[str, ...]] = {}
        self._pointers_of = -1

    def find(self, name: str) -> Records | None:
        if name.endswith(_REVERSE):
            return self._find_pointer(name)
        if name == CLUSTER_DOMAIN:
            return EXISTS
        if not name.endswith(f".{CLUSTER_DOMAIN}"):
            return None
        labels = name.removesuffix(f".{CLUSTER_DOMAIN}").split(".")[::-1]
        if labels == ["dns-version"]:
            return Records(texts=(_SPECIFICATION,))
        kind, *rest = labels
        if kind == "svc":
            return self._find_below_services(rest)
        if kind == "pod":
            return self._find_below_pods(rest)
        return None

    def _find_below_services(self, labels: list[str]) -> Records | None:
        """`labels` from the namespace on down."""
        if not labels:
            return EXISTS
        namespace, *rest = labels
        if not rest:
            return EXISTS if self._has_namespace(namespace) else None
        key = Key(namespace, rest[0])
        service = self._index.services.get(key)
        if service is None:
            return None
        spec = service.get("spec", {})
        if service_type(spec) == "ExternalName":
            alias = str(spec.get("externalName", "")).rstrip(".").lower()
            return Records(alias=alias) if len(rest) == 1 and alias else None
        if is_headless(spec):
            return _Headless(key, self._index.slices(key)).find(rest[1:])
        return _find_balanced(key, spec, rest[1:])

    def _find_below_pods(self, labels: list[str]) -> Records | None:
        if not labels:
            return EXISTS
        namespace, *rest = labels
        if not self._has_namespace(namespace) or len(rest) > 1:
            return None
        if not rest:
            return EXISTS
        address = rest[0].replace("-", ".")
        pods = self._store.list("pods", namespace)
        if any(pod.object.get("status", {}).get("podIP") == address for pod in pods):
            return Records(addresses=(address,))
        return None

    def _has_namespace(self, name: str) -> bool:
        return self._store.get("namespaces", Key("", name)) is not None

    def _find_pointer(self, name: str) -> Records | None:
        if self._pointers_of != self._index.changed.number:
            self._pointers = dict(_pointers(self._index))
            self._pointers_of = self._index.changed.number
        address = ".".join(name.removesuffix(_REVERSE).split(".")[::-1])
        found = self._pointers.get(address)
        return Records(pointers=found) if found else None


def _service_name(key: Key) -> str:
    return f"{key.name}.{key.namespace}.svc.{CLUSTER_DOMAIN}"


def _find_balanced(key: Key, spec: Json, below: list[str]) -> Records | None:
    """A Service with an address: itself, and `_port._protocol` below it."""
    if not below:
        return Records(addresses=(spec["clusterIP"],)) if spec.get("clusterIP") else EXISTS
    places = _places(below, spec.get("ports") or (), lambda port: [(_service_name(key), port["port"])])
    return Records(services=tuple(places)) if places else None


def _places(
    below: list[str], ports: Iterable[Json], hosts: Callable[[Json], Iterable[tuple[str, int]]]
) -> list[ServicePlace]:
    """The SRV records of `_port._protocol`, given from right to left."""
    if len(below) != 2 or not all(label.startswith("_") for label in below):
        return []
    protocol, name = below[0][1:], below[1][1:]
    return [
        ServicePlace(host, number)
        for port in ports
        if (port.get("name") or "", (port.get("protocol") or "TCP").lower()) == (name, protocol)
        for host, number in hosts(port)
    ]


class _Headless:
    """A Service without an address: its endpoints are its addresses, and have names of their own."""

    def __init__(self, key: Key, slices: Iterable[Json]) -> None:
        self._key = key
        self._slices = [piece for piece in slices if piece.get("addressType") == "IPv4"]

    def find(self, below: list[str]) -> Records | None:
        """What is `below` the Service's name, from right to left."""
        hosts = dict(self.hosts())
        if not below:
            return Records(addresses=tuple(sorted(hosts)))
        if len(below) == 1:
            wanted = f"{below[0]}.{_service_name(self._key)}"
            named = tuple(sorted(address for address, host in hosts.items() if host == wanted))
            return Records(addresses=named) if named else None
        found = [place for piece in self._slices for place in self._places(piece, below)]
        return Records(services=tuple(dict.fromkeys(found))) if found else None

    def _places(self, piece: Json, below: list[str]) -> list[ServicePlace]:
        hosts = [host for _address, host in _hosts(self._key, piece)]
        ports = [port for port in piece.get("ports") or () if port.get("port")]
        return _places(below, ports, lambda port: [(host, port["port"]) for host in hosts])

    def hosts(self) -> Iterator[tuple[str, str]]:
        """Address and name of every ready endpoint."""
        for piece in self._slices:
            yield from _hosts(self._key, piece)


def _hosts(service: Key, piece: Json) -> Iterator[tuple[str, str]]:
    for endpoint in piece.get("endpoints") or ():
        if is_ready(endpoint):
            for address in endpoint.get("addresses") or ():
                label = endpoint.get("hostname") or address.replace(".", "-")
                yield address, f"{label}.{_service_name(service)}".lower()


def _pointers(index: ServiceIndex) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Names by address: endpoints of headless Services, then Services, which have the last word."""
    endpoints: dict[str, list[str]] = {}
    for key, service in sorted(index.services.items()):
        if is_headless(service.get("spec", {})):
            for address, host in _Headless(key, index.slices(key)).hosts():
                endpoints.setdefault(address, []).append(host)
    yield from ((address, tuple(hosts)) for address, hosts in endpoints.items())
    for key, service in index.services.items():
        address = service.get("spec", {}).get("clusterIP") or "None"
        if address != "None":
            yield address, (_service_name(key),)


class WorldNames:
    """The load balancers of every cluster, as `<service>.<cluster>.convoy.test`."""

    def __init__(self, find: Callable[[str, str], tuple[str, ...]]) -> None:
        self._find = find  # (cluster, service) -> addresses

    def find(self, name: str) -> Records | None:
        labels = name.removesuffix(f".{WORLD_DOMAIN}").split(".")
        if len(labels) != 2 or not name.endswith(f".{WORLD_DOMAIN}"):
            return EXISTS if name == WORLD_DOMAIN else None
        addresses = self._find(labels[1], labels[0])
        return Records(addresses=addresses) if addresses else None


class OutsideNames:
    """The names of the outside network; a name that begins with `*.` stands for everything below it."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self.addresses = dict(addresses)

    def find(self, name: str) -> Records | None:
        if name in self.addresses:
            return Records(addresses=(self.addresses[name],))
        parent = name.partition(".")[2]
        while parent:
            if (address := self.addresses.get(f"*.{parent}")) is not None:
                return Records(addresses=(address,))
            parent = parent.partition(".")[2]
        if any(known.endswith(f".{name}") for known in self.addresses):
            return EXISTS
        return None


def reverse_name(address: str) -> str:
    """The name to ask for the pointers of an address."""
    return ipaddress.IPv4Address(address).reverse_pointer
