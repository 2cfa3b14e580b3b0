"""Which connections a workload's port takes, by what the port speaks and how its policy wants it.

The table is the whole policy. A connection that no row takes is closed, which is what STRICT means for plain
text. Envoy looks for the transport, then for the ALPN, and never goes back: a row for `raw_buffer` with an
ALPN hides rows without a transport, so each transport has a last row of its own where anything is to pass.
"""

import enum
from collections.abc import Mapping

import msgspec

from convoy.api.istio.peer_authentication import MtlsMode
from convoy.mesh.model import Protocol
from convoy.xds.build import tls
from convoy.xds.build.listener_filters import PLAIN_HTTP

ANY, TLS, PLAIN = "", "tls", "raw_buffer"


class Speech(enum.Enum):
    """What a port's policy table depends on, of all that a protocol says."""

    HTTP = enum.auto()
    BYTES = enum.auto()
    UNKNOWN = enum.auto()


class ChainRule(msgspec.Struct, frozen=True):
    """One row: connections of this transport and one of these ALPNs (none: any)."""

    transport: str
    is_http: bool
    alpn: tuple[str, ...] = ()
    is_mutual: bool = False


_TABLE: Mapping[tuple[Speech, MtlsMode], tuple[ChainRule, ...]] = {
    (Speech.HTTP, MtlsMode.STRICT): (ChainRule(TLS, True, is_mutual=True),),
    (Speech.HTTP, MtlsMode.PERMISSIVE): (
        ChainRule(TLS, True, alpn=tls.MESH_ALPN, is_mutual=True),
        ChainRule(PLAIN, True),
    ),
    (Speech.HTTP, MtlsMode.DISABLE): (ChainRule(PLAIN, True),),
    (Speech.BYTES, MtlsMode.STRICT): (ChainRule(TLS, False, is_mutual=True),),
    (Speech.BYTES, MtlsMode.PERMISSIVE): (
        ChainRule(TLS, False, alpn=tls.MESH_ALPN, is_mutual=True),
        ChainRule(TLS, False),
        ChainRule(PLAIN, False),
    ),
    (Speech.BYTES, MtlsMode.DISABLE): (ChainRule(ANY, False),),
    (Speech.UNKNOWN, MtlsMode.STRICT): (
        ChainRule(TLS, True, alpn=tls.MESH_HTTP_ALPN, is_mutual=True),
        ChainRule(TLS, False, is_mutual=True),
    ),
    (Speech.UNKNOWN, MtlsMode.PERMISSIVE): (
        ChainRule(TLS, True, alpn=tls.MESH_HTTP_ALPN, is_mutual=True),
        ChainRule(TLS, False, alpn=tls.MESH_TCP_ALPN, is_mutual=True),
        ChainRule(TLS, False),
        ChainRule(PLAIN, True, alpn=PLAIN_HTTP),
        ChainRule(PLAIN, False),
    ),
    (Speech.UNKNOWN, MtlsMode.DISABLE): (
        ChainRule(PLAIN, True, alpn=PLAIN_HTTP),
        ChainRule(PLAIN, False),
        ChainRule(TLS, False),
    ),
}


def chain_rules(protocol: Protocol, mode: MtlsMode) -> tuple[ChainRule, ...]:
    """The rows for a port. Raises KeyError for mode UNSET, which the mesh resolves."""
    return _TABLE[_speech(protocol), mode]


def looks_for_tls(protocol: Protocol, mode: MtlsMode) -> bool:
    """Whether the rows tell TLS from plain text."""
    return any(rule.transport == TLS for rule in chain_rules(protocol, mode))


def looks_for_http(protocol: Protocol, mode: MtlsMode) -> bool:
    """Whether the rows tell plain HTTP from other plain text."""
    return any(rule.alpn == PLAIN_HTTP for rule in chain_rules(protocol, mode))


def _speech(protocol: Protocol) -> Speech:
    if protocol.is_http:
        return Speech.HTTP
    return Speech.UNKNOWN if protocol is Protocol.AUTO else Speech.BYTES
