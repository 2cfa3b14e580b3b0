"""Responses decoded in full, but no byte of them twice in one process.

A proxy has a machine of its own to decode three thousand clusters on; a thousand clients of a fleet share
what the server leaves them. So a resource whose very bytes were decoded before is not decoded again, and
neither are stretches of resources that came in the same order before: they are recognised by comparing bytes.
Everything else of a response, its nonce, removals and resources of one client only, is read for every client.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import (
    http_connection_manager_pb2 as http_pb2,
)
from envoy.service.discovery.v3 import discovery_pb2

from bench.fleet.wire import read_varint
from convoy.xds.cache.resources import CLUSTER, ENDPOINT, LISTENER, ROUTE

# Of DeltaDiscoveryResponse, as tags of length-delimited fields.
_RESOURCES, _TYPE_URL, _NONCE, _REMOVED = 0x12, 0x22, 0x2A, 0x32
_LENGTH_DELIMITED = 2
_WIRE_TYPE = 0x07

_MESSAGES: dict[str, Any] = {
    CLUSTER: cluster_pb2.Cluster,
    ENDPOINT: endpoint_pb2.ClusterLoadAssignment,
    LISTENER: listener_pb2.Listener,
    ROUTE: route_pb2.RouteConfiguration,
}
_HTTP = "type.googleapis.com/" + http_pb2.HttpConnectionManager.DESCRIPTOR.full_name
Bytes = bytes | bytearray

_REMEMBERED_BYTES = 96 << 20
# An entry begins with its version or its name.
_START = 64
_LARGE = 4096
_STRETCHES_TO_TRY = 16
_NONE: frozenset[str] = frozenset()


class Entry:
    """A resource as it came: what a client must know of it, and its bytes."""

    __slots__ = ("_data", "alone", "assignment", "name", "routes", "version")

    def __init__(self, data: bytes) -> None:
        message = self._read(data)
        self.assignment = _assignment_of(message)
        """The assignment that an EDS cluster waits for; else empty."""
        self.routes = frozenset(route_names(message)) if isinstance(message, listener_pb2.Listener) else _NONE
        self._data = data
        self.alone = Segment((self,), size=len(data))

    def message(self) -> Any:
        """The resource itself, decoded again."""
        return self._read(self._data)

    def _read(self, data: bytes) -> Any:
        _, start = read_varint(data, 1)
        resource = discovery_pb2.Resource.FromString(data[start:])
        self.name, self.version = resource.name, resource.version
        return _MESSAGES[resource.resource.type_url].FromString(resource.resource.value)


class Segment:
    """Resources that follow each other in a response; the same object whenever they come again."""

    __slots__ = ("assignments", "entries", "routes", "size", "versions")

    def __init__(self, entries: Sequence[Entry], *, size: int) -> None:
        self.entries = tuple(entries)
        self.size = size
        self.versions = {entry.name: entry.version for entry in entries}
        self.assignments = {entry.name: entry.assignment for entry in entries if entry.assignment}
        """By EDS cluster."""
        self.routes = _NONE.union(*(entry.routes for entry in entries))

    def __len__(self) -> int:
        return len(self.entries)


class Reading(NamedTuple):
    """A whole response."""

    type_url: str
    nonce: str
    segments: tuple[Segment, ...]
    removed: tuple[str, ...]

    @property
    def names(self) -> Iterator[str]:
        """Everything that it tells about."""
        for segment in self.segments:
            yield from segment.versions
        yield from self.removed


class Decoder:
    """Reads the responses of all clients in a process."""

    def __init__(self) -> None:
        self._entries = _Entries()
        self._stretches = _Stretches()

    def read(self, data: Bytes) -> Reading:
        """A response from its bytes."""
        type_url = nonce = ""
        removed, segments = [], []
        at, end = 0, len(data)
        while at < end:
            if data[at] == _RESOURCES:
                found, at = self._read_resources(data, at)
                segments += found
                continue
            tag = data[at]
            if tag & _WIRE_TYPE != _LENGTH_DELIMITED:
                raise ValueError(f"a DeltaDiscoveryResponse has no field with tag {tag:#x}")
            length, start = read_varint(data, at + 1)
            at = start + length
            if tag == _TYPE_URL:
                type_url = data[start:at].decode()
            elif tag == _NONCE:
                nonce = data[start:at].decode()
            elif tag == _REMOVED:
                removed.append(data[start:at].decode())
        return Reading(type_url, nonce, tuple(segments), tuple(removed))

    def _read_resources(self, data: Bytes, at: int) -> tuple[list[Segment], int]:
        """All resources that follow each other from here, and where they end."""
        segments: list[Segment] = []
        loose: list[tuple[int, Entry, bool]] = []
        end = len(data)
        while at < end and data[at] == _RESOURCES:
            length, start = read_varint(data, at + 1)
            if stretch := self._stretches.find(data, at):
                segments += self._bind(data, loose, at)
                loose = []
                segments.append(stretch)
                at += stretch.size
                continue
            loose.append((at, *self._entries.get(bytes(data[at : start + length]))))
            at = start + length
        return segments + self._bind(data, loose, at), at

    def _bind(self, data: Bytes, loose: list[tuple[int, Entry, bool]], end: int) -> list[Segment]:
        """Segments of resources that belong to no known stretch, what is new apart from what came before."""
        segments, start = [], 0
        for index in range(1, len(loose) + 1):
            if index == len(loose) or loose[index][2] != loose[start][2]:
                stop = loose[index][0] if index < len(loose) else end
                entries = [entry for _, entry, _ in loose[start:index]]
                segments.append(self._stretches.add(bytes(data[loose[start][0] : stop]), entries))
                start = index
        return segments


class _Entries:
    """Resources by their bytes; those not seen for long are forgotten."""

    def __init__(self) -> None:
        self._young: dict[bytes, Entry] = {}
        self._old: dict[bytes, Entry] = {}
        self._bytes = 0

    def get(self, data: bytes) -> tuple[Entry, bool]:
        """The resource with these bytes, and whether it was decoded before."""
        entry = self._young.get(data)
        if entry is not None:
            return entry, True
        entry = self._old.get(data)
        is_known = entry is not None
        self._young[data] = entry = entry or Entry(data)
        self._bytes += len(data)
        if self._bytes > _REMEMBERED_BYTES:
            self._old, self._young, self._bytes = self._young, {}, 0
        return entry, is_known


class _Stretches:
    """Segments by their bytes, found by the first few of them and then compared; bounded as well."""

    def __init__(self) -> None:
        self._by_start: OrderedDict[bytes, list[tuple[bytes, Segment]]] = OrderedDict()
        self._bytes = 0

    def find(self, data: Bytes, at: int) -> Segment | None:
        """The longest one that `data` has at a place."""
        start = bytes(data[at : at + _START])
        for stretch, segment in self._by_start.get(start, ()):
            if data.startswith(stretch, at):
                self._by_start.move_to_end(start)
                return segment
        return None

    def add(self, stretch: bytes, entries: Sequence[Entry]) -> Segment:
        """A new segment."""
        if len(entries) == 1 and len(stretch) < _LARGE:
            return entries[0].alone  # as quickly found by all of its bytes
        segment = entries[0].alone if len(entries) == 1 else Segment(entries, size=len(stretch))
        others = self._by_start.setdefault(stretch[:_START], [])
        if all(known is not segment for _, known in others):
            others.append((stretch, segment))
            others.sort(key=lambda each: -len(each[0]))
            self._bytes += len(stretch) - sum(len(each) for each, _ in others[_STRETCHES_TO_TRY:])
            del others[_STRETCHES_TO_TRY:]
        while self._bytes > _REMEMBERED_BYTES and len(self._by_start) > 1:
            _, forgotten = self._by_start.popitem(last=False)
            self._bytes -= sum(len(each) for each, _ in forgotten)
        return segment


def _assignment_of(message: Any) -> str:
    if not isinstance(message, cluster_pb2.Cluster) or message.type != cluster_pb2.Cluster.EDS:
        return ""
    return message.eds_cluster_config.service_name or message.name


def route_names(listener: listener_pb2.Listener) -> set[str]:
    """The route configurations that a listener asks for over RDS."""
    names = set()
    for chain in (*listener.filter_chains, listener.default_filter_chain):
        for network_filter in chain.filters:
            if network_filter.typed_config.type_url == _HTTP:
                manager = http_pb2.HttpConnectionManager.FromString(network_filter.typed_config.value)
                if manager.HasField("rds"):
                    names.add(manager.rds.route_config_name)
    return names
