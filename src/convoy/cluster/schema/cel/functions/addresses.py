"""ip() and cidr(), and what can be asked of an address or a network."""

import ipaddress

from convoy.cluster.schema.cel.functions import Opaque, member, plain
from convoy.cluster.schema.wording import quoted

IP = "net.IP"
CIDR = "net.CIDR"
_ADDRESS_KEY, _NETWORK_KEY = "@ip", "@cidr"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Interface | ipaddress.IPv6Interface


def _parse_address(text: str) -> Address:
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        why = f"ParseAddr({quoted(text)}): unable to parse IP"
        raise ValueError(
            f"IP Address {quoted(text)} parse error during conversion from string: {why}"
        ) from error
    if "%" in text:
        raise ValueError(f"IP address {quoted(text)} with zone value is not allowed")
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        raise ValueError(f"IPv4-mapped IPv6 address {quoted(text)} is not allowed")
    return address


def _parse_network(text: str) -> Network:
    try:
        if not text.rpartition("/")[2].isdigit() or "/" not in text:
            raise ValueError(text)
        network = ipaddress.ip_interface(text)
    except ValueError as error:
        why = (
            f"netip.ParsePrefix({quoted(text)}): no '/'"
            if "/" not in text
            else f"{quoted(text)} is no network"
        )
        raise ValueError(f"network address parse error during conversion from string: {why}") from error
    if isinstance(network, ipaddress.IPv6Interface) and network.ip.ipv4_mapped is not None:
        raise ValueError(f"IPv4-mapped IPv6 address {quoted(text)} is not allowed")
    return network


def _address(value: Opaque | str) -> Address:
    if isinstance(value, str):
        return _parse_address(value)
    if _ADDRESS_KEY not in value:
        raise TypeError("no such overload")
    return ipaddress.ip_address(value[_ADDRESS_KEY])


def _network(value: Opaque | str) -> Network:
    if isinstance(value, str):
        return _parse_network(value)
    if _NETWORK_KEY not in value:
        raise TypeError("no such overload")
    return ipaddress.ip_interface(value[_NETWORK_KEY])


def _to_ip(value: Opaque | str) -> Opaque:
    """ip("10.0.0.1"), and cidr("10.0.0.1/8").ip()."""
    if isinstance(value, dict):
        return {_ADDRESS_KEY: str(_network(value).ip)}
    return {_ADDRESS_KEY: str(_parse_address(value))}


def _is_ip(text: str) -> bool:
    try:
        _parse_address(text)
    except ValueError:
        return False
    return True


def _is_cidr(text: str) -> bool:
    try:
        _parse_network(text)
    except ValueError:
        return False
    return True


def _is_global_unicast(value: Opaque) -> bool:
    address = _address(value)
    is_broadcast = str(address) == "255.255.255.255"
    special = address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local
    return not (is_broadcast or special)


def _is_link_local_multicast(value: Opaque) -> bool:
    address = _address(value)
    if isinstance(address, ipaddress.IPv4Address):
        return address in ipaddress.IPv4Network("224.0.0.0/24")
    return address.packed[0] == 0xFF and address.packed[1] & 0x0F == 0x02


def _contains_ip(network: Opaque, address: Opaque | str) -> bool:
    outer, inner = _network(network).network, _address(address)
    return inner.version == outer.version and inner in outer


def _contains_cidr(outer: Opaque, inner: Opaque | str) -> bool:
    one, other = _network(outer).network, _network(inner).network
    return one.version == other.version and one.prefixlen <= other.prefixlen and other.network_address in one


def _is_link_local_unicast(value: Opaque) -> bool:
    return _address(value).is_link_local


FUNCTIONS = (
    plain("ip", _to_ip, (("string",), IP)),
    plain("isIP", _is_ip, (("string",), "bool")),
    plain("ip.isCanonical", lambda text: str(_parse_address(text)) == text, (("string",), "bool")),
    member("family", lambda value: _address(value).version, ((IP,), "int")),
    member("isUnspecified", lambda value: _address(value).is_unspecified, ((IP,), "bool")),
    member("isLoopback", lambda value: _address(value).is_loopback, ((IP,), "bool")),
    member("isLinkLocalMulticast", _is_link_local_multicast, ((IP,), "bool")),
    member("isLinkLocalUnicast", _is_link_local_unicast, ((IP,), "bool")),
    member("isGlobalUnicast", _is_global_unicast, ((IP,), "bool")),
    plain("cidr", lambda text: {_NETWORK_KEY: str(_parse_network(text))}, (("string",), CIDR)),
    plain("isCIDR", _is_cidr, (("string",), "bool")),
    member("containsIP", _contains_ip, ((CIDR, IP), "bool"), ((CIDR, "string"), "bool")),
    member("containsCIDR", _contains_cidr, ((CIDR, CIDR), "bool"), ((CIDR, "string"), "bool")),
    member("ip", _to_ip, ((CIDR,), IP)),
    member("masked", lambda value: {_NETWORK_KEY: str(_network(value).network)}, ((CIDR,), CIDR)),
    member("prefixLength", lambda value: _network(value).network.prefixlen, ((CIDR,), "int")),
)
