"""The delta ADS client inside Envoy 1.40, as seen from the server. Pure: responses in, requests out.

It reproduces what was recorded from the real one (tests/envoy/test_fleet_sequence.py compares the two):

- It starts with clusters, alone, and asks for listeners when each of the first EDS clusters has had an answer
  about its assignment.
- Later a response that brings or changes EDS clusters is acknowledged only when that is so; the answer to
  the assignments follows.
- Names of assignments and routes come from the clusters and listeners it has. The request for them goes out
  before the acknowledgement of the response that named them.
- Routes of listeners that went away stay subscribed: the old listener drains for minutes.
- After a reconnect it names all its types at once, with the versions that it has.
"""

from collections.abc import Iterator

from bench.fleet.decoding import Bytes, Decoder, Reading
from bench.fleet.possessions import Possessions, State
from bench.fleet.wire import encode_ack, encode_node, encode_subscribe, encode_type, encode_unsubscribe
from convoy.xds.cache.resources import CLUSTER, ENDPOINT, LISTENER, ROUTE

_NO_NAMES: frozenset[str] = frozenset()


class Shared:
    """What the clients of a process do once for all of them."""

    def __init__(self) -> None:
        self.decoder = Decoder()
        self.start = State({}, {})


class EnvoyLike:
    """One client: what it has, wants, and withholds. Requests are the bytes of a DeltaDiscoveryRequest."""

    def __init__(self, node_id: str, shared: Shared | None = None) -> None:
        self.resources = 0
        self.removals = 0
        self.responses = 0
        self.bytes = 0
        self._shared = shared or Shared()
        self._node = encode_node(node_id)
        self._types: dict[str, Possessions] = {}
        """In the order of the first requests."""
        self._named: dict[str, frozenset[str]] = {ENDPOINT: _NO_NAMES, ROUTE: _NO_NAMES}
        self._warming = _NO_NAMES
        self._withheld: str | None = None
        self._unanswered: dict[str, frozenset[str]] = {ENDPOINT: _NO_NAMES, ROUTE: _NO_NAMES}
        self._heard_listeners = False

    @property
    def is_configured(self) -> bool:
        """Whether it has had an answer to everything it asked for, and acknowledged it."""
        return self._heard_listeners and not any(self._unanswered.values()) and self._withheld is None

    @property
    def types(self) -> int:
        """How many types it has asked for."""
        return len(self._types)

    def version_of(self, type_url: str, name: str) -> str | None:
        """The version of a resource that it has."""
        return self._types[type_url].version_of(name) if type_url in self._types else None

    def connect(self) -> list[bytes]:
        """The first requests of a new stream."""
        self._warming, self._withheld = _NO_NAMES, None
        self._possessions(CLUSTER)
        requests = [
            encode_type(type_url) + encode_subscribe(self._named.get(type_url, _NO_NAMES)) + had.encoded
            for type_url, had in self._types.items()
        ]
        return [self._node + requests[0], *requests[1:]]

    def receive(self, data: Bytes) -> tuple[Reading, list[bytes]]:
        """Take a response in; gives what it says, and what to say to it, in order."""
        reading = self._shared.decoder.read(data)
        self._count(reading, len(data))
        self._possessions(reading.type_url).take(reading)
        if reading.type_url in self._unanswered:
            self._answered(reading)
        ack = encode_ack(reading.type_url, reading.nonce)
        if reading.type_url == CLUSTER:
            return reading, [*self._on_clusters(reading), *self._acknowledge_clusters(reading.nonce)]
        if reading.type_url == ENDPOINT:
            return reading, [*self._on_assignments(reading), ack]
        if reading.type_url == LISTENER:
            self._heard_listeners = True
            return reading, [*self._on_listeners(reading), ack]
        return reading, [ack]

    def _possessions(self, type_url: str) -> Possessions:
        if type_url not in self._types:
            self._types[type_url] = Possessions(self._shared.start)
        return self._types[type_url]

    def _count(self, reading: Reading, size: int) -> None:
        self.responses += 1
        self.resources += sum(map(len, reading.segments))
        self.removals += len(reading.removed)
        self.bytes += size

    def _answered(self, reading: Reading) -> None:
        if waiting := self._unanswered[reading.type_url]:
            self._unanswered[reading.type_url] = waiting.difference(
                *(segment.versions for segment in reading.segments), reading.removed
            )

    def _on_clusters(self, reading: Reading) -> Iterator[bytes]:
        brought = [segment for segment in reading.segments if segment.assignments]
        self._warming = self._warming.union(*(segment.assignments.values() for segment in brought))
        yield from self._rename(ENDPOINT, self._types[CLUSTER].assignments)
        self._warming &= self._named[ENDPOINT]

    def _acknowledge_clusters(self, nonce: str) -> Iterator[bytes]:
        is_starting = LISTENER not in self._types
        if self._warming and not is_starting:
            self._withheld = nonce
            return
        yield from self._start_listeners()
        yield encode_ack(CLUSTER, nonce)

    def _start_listeners(self) -> Iterator[bytes]:
        if LISTENER not in self._types and not self._warming:
            self._possessions(LISTENER)
            yield encode_type(LISTENER)

    def _on_assignments(self, reading: Reading) -> Iterator[bytes]:
        if self._warming:
            self._warming = self._warming.difference(
                *(segment.versions for segment in reading.segments), reading.removed
            )
        if self._withheld is not None and not self._warming:
            yield encode_ack(CLUSTER, self._withheld)
            self._withheld = None
        yield from self._start_listeners()

    def _on_listeners(self, reading: Reading) -> Iterator[bytes]:
        named = self._named[ROUTE].union(*(segment.routes for segment in reading.segments))
        yield from self._rename(ROUTE, named)

    def _rename(self, type_url: str, names: frozenset[str]) -> Iterator[bytes]:
        before = self._named[type_url]
        if before is names:
            return
        self._named[type_url] = names
        if before == names:
            return
        new, gone = names - before, before - names
        possessions = self._possessions(type_url)
        if gone:
            possessions.drop(gone)
        self._unanswered[type_url] = (self._unanswered[type_url] | new) - gone
        yield encode_type(type_url) + encode_subscribe(new) + encode_unsubscribe(gone)
