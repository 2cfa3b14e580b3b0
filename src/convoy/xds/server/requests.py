"""What a client says, the same for both protocols.

Bytes of a DeltaDiscoveryRequest or DiscoveryRequest come in, a frozen `Request` comes out; nothing behind
this module knows the protobuf messages of the discovery service.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import msgspec
from envoy.config.core.v3 import base_pb2
from envoy.service.discovery.v3 import discovery_pb2

WILDCARD = "*"
# What a request costs besides its text, roughly.
_OBJECT_BYTES = 500


class Protocol(Enum):
    """How a stream transports changes."""

    DELTA = "delta"
    """Only what changed; removals by name; names are added to and taken from the subscription."""
    SOTW = "sotw"
    """State of the world: clusters and listeners always whole; every request repeats all names."""


class InitialVersions:
    """What a client has from an earlier stream: the version of each resource by name.

    They stay in the message that brought them. A client that comes back names thousands, and whether they are
    the expected ones is found out there in a tenth of the time that it takes to read them.
    """

    __slots__ = ("_message",)

    def __init__(self, message: discovery_pb2.DeltaDiscoveryRequest) -> None:
        self._message = message

    @classmethod
    def of(cls, versions: Mapping[str, str]) -> "InitialVersions":
        """These versions."""
        return cls(discovery_pb2.DeltaDiscoveryRequest(initial_resource_versions=versions))

    def __len__(self) -> int:
        return len(self._message.initial_resource_versions)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InitialVersions) and self._message == other._message

    __hash__ = None  # type: ignore[assignment]

    def as_dict(self) -> dict[str, str]:
        """All of them."""
        return dict(self._message.initial_resource_versions)

    def are(self, expected: "InitialVersions", *, also: Mapping[str, str]) -> bool:
        """Whether they are the expected ones and some more, and no others."""
        told = self._message.initial_resource_versions
        if len(told) != len(expected) + len(also):
            return False
        if any(name not in told or told[name] != version for name, version in also.items()):
            return False
        for name in also:
            del told[name]
        is_same = self == expected
        told.update(also)
        return is_same


_NOTHING = InitialVersions.of({})


class Request(msgspec.Struct, frozen=True):
    """One request on a stream: an answer to a response, a change of interest, or both."""

    type_url: str
    nonce: str = ""
    """The response this answers; empty when it answers none."""
    error: str | None = None
    """Why the client rejects that response; None accepts it."""
    subscribe: frozenset[str] = frozenset()
    """Delta: names to add. State of the world: all names."""
    unsubscribe: frozenset[str] = frozenset()
    """Delta only."""
    initial_versions: InitialVersions = _NOTHING
    """Delta, first request of a type: what the client has from an earlier stream."""
    node_id: str = ""
    """Who the client says it is; only in the first request of a stream."""
    user_agent: str = ""


def parse_delta(data: bytes) -> Request:
    """Read a serialized DeltaDiscoveryRequest; raises google.protobuf.message.DecodeError."""
    message = discovery_pb2.DeltaDiscoveryRequest.FromString(data)
    return Request(
        type_url=message.type_url,
        nonce=message.response_nonce,
        error=message.error_detail.message if message.HasField("error_detail") else None,
        subscribe=frozenset(message.resource_names_subscribe),
        unsubscribe=frozenset(message.resource_names_unsubscribe),
        node_id=message.node.id,
        user_agent=_user_agent(message.node),
        initial_versions=_initial_versions(message),  # empties the message
    )


def _initial_versions(message: discovery_pb2.DeltaDiscoveryRequest) -> InitialVersions:
    if not message.initial_resource_versions:
        return _NOTHING
    clear: Callable[[Any], None] = message.ClearField
    for field in message.DESCRIPTOR.fields:
        if field.name != "initial_resource_versions":
            clear(field.name)
    message.DiscardUnknownFields()
    return InitialVersions(message)


def parse_sotw(data: bytes) -> Request:
    """Read a serialized DiscoveryRequest; raises google.protobuf.message.DecodeError."""
    message = discovery_pb2.DiscoveryRequest.FromString(data)
    return Request(
        type_url=message.type_url,
        nonce=message.response_nonce,
        error=message.error_detail.message if message.HasField("error_detail") else None,
        subscribe=frozenset(message.resource_names),
        node_id=message.node.id,
        user_agent=_user_agent(message.node),
    )


class Parser:
    """Parses requests; gives the same object for the same bytes.

    Streams at the same point say the same: all of them acknowledge one nonce, ask for one new name, and after
    a restart tell of the same assignments. The first request of a stream says whose it is, so it is not kept.
    """

    def __init__(self, parse: Callable[[bytes], Request], *, at_most: int = 2 << 20) -> None:
        """`parse` reads one request; up to `at_most` bytes of requests are kept with what they mean."""
        self._parse = parse
        self._at_most = at_most
        self._known: OrderedDict[bytes, Request] = OrderedDict()
        self._weight = 0

    def __call__(self, data: bytes) -> Request:
        known = self._known.get(data)
        if known is not None:
            return known
        request = self._parse(data)
        if not request.node_id:
            self._known[data] = request
            self._weight += _weight(data)
            while self._weight > self._at_most:
                self._weight -= _weight(self._known.popitem(last=False)[0])
        return request


def _weight(data: bytes) -> int:
    return len(data) + _OBJECT_BYTES


def _user_agent(node: base_pb2.Node) -> str:
    if node.HasField("user_agent_build_version"):
        v = node.user_agent_build_version.version
        return f"{node.user_agent_name} {v.major_number}.{v.minor_number}.{v.patch}"
    return f"{node.user_agent_name} {node.user_agent_version}".strip()
