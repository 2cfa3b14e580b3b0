"""Addresses for ServiceEntries that give none: automatic virtual IPs out of 240.240.0.0/16.

An address follows from the host name alone (a hash, then the next free one), so that replicas and restarts
agree and other entries hardly ever move it. Nothing has to listen there: connections to it are captured.
"""

import hashlib
import ipaddress
from collections.abc import Iterable, Mapping

_NETWORK = ipaddress.IPv4Network("240.240.0.0/16")
_USABLE = _NETWORK.num_addresses - 2


def assign_vips(hosts: Iterable[str], *, taken: Iterable[str] = ()) -> Mapping[str, str]:
    """An address for each host, none of them in `taken`. Hosts beyond the size of the network get none."""
    used = set(taken)
    assigned: dict[str, str] = {}
    for host in sorted(set(hosts)):
        address = _first_free(_preferred(host), used)
        if address is None:
            break
        used.add(address)
        assigned[host] = address
    return assigned


def _preferred(host: str) -> int:
    return int.from_bytes(hashlib.sha256(host.encode()).digest()[:8]) % _USABLE


def _first_free(offset: int, used: set[str]) -> str | None:
    for step in range(_USABLE):
        address = str(_NETWORK[(offset + step) % _USABLE + 1])
        if address not in used:
            return address
    return None
