"""Filter chains that pass connections on as bytes, chosen by SNI and by the address that was dialled.

Sidecars and gateways share them: what differs is how a connection comes to the listener.
"""

import ipaddress
from collections.abc import Iterable

from envoy.config.core.v3 import address_pb2 as address_v3
from envoy.config.listener.v3 import listener_components_pb2 as listener_parts_v3

from convoy.mesh.model import WeightedUpstream
from convoy.xds.build import tls
from convoy.xds.build.alpn_override import build_alpn_override
from convoy.xds.build.dynamic_dns import build_sni_resolving_filter
from convoy.xds.build.packing import uint32
from convoy.xds.build.tcp_proxy import build_tcp_split

TLS, PLAIN = "tls", "raw_buffer"
_ANY_NAME = "*"


def connection_match(
    server_names: Iterable[str] = (), subnets: Iterable[str] = ()
) -> listener_parts_v3.FilterChainMatch:
    """Conditions on the SNI (`*`: any TLS) and on the dialled address; none of them: every connection."""
    names = tuple(server_names)
    match = listener_parts_v3.FilterChainMatch(prefix_ranges=[_range(subnet) for subnet in subnets])
    if names:
        match.transport_protocol = TLS
        # Envoy knows no name for "any", so that chain asks for nothing but TLS.
        match.server_names.extend(() if _ANY_NAME in names else names)
    return match


def build_bytes_chain(
    name: str,
    destinations: tuple[WeightedUpstream, ...],
    *,
    overrides_alpn: bool = False,
    resolves_sni: int = 0,
    is_proven: bool = False,
) -> listener_parts_v3.FilterChain:
    """Bytes to upstreams by weight. `overrides_alpn`: the upstream offers the ALPN of HTTP by itself;
    `resolves_sni`: the upstream is this port of whatever name the SNI says; `is_proven`: nobody is called
    before the client's TLS is established.
    """
    chain = listener_parts_v3.FilterChain(name=name)
    if overrides_alpn:
        chain.filters.append(build_alpn_override([tls.ALPN_TCP]))
    if resolves_sni:
        chain.filters.append(build_sni_resolving_filter(resolves_sni))
    chain.filters.append(build_tcp_split(destinations, is_proven=is_proven))
    return chain


def build_matched_chain(
    name: str,
    destinations: tuple[WeightedUpstream, ...],
    *,
    server_names: tuple[str, ...] = (),
    subnets: tuple[str, ...] = (),
    overrides_alpn: bool = False,
    resolves_sni: int = 0,
) -> listener_parts_v3.FilterChain:
    """The same for connections of these SNIs to these networks alone."""
    chain = build_bytes_chain(name, destinations, overrides_alpn=overrides_alpn, resolves_sni=resolves_sni)
    chain.filter_chain_match.CopyFrom(connection_match(server_names, subnets))
    return chain


def _range(subnet: str) -> address_v3.CidrRange:
    network = ipaddress.ip_network(subnet)
    return address_v3.CidrRange(
        address_prefix=str(network.network_address), prefix_len=uint32(network.prefixlen)
    )
