"""Addresses of pods, one pool per node: handed out in turn, so that a freed one rests as long as it can."""

import ipaddress

from convoy.cluster.errors import WorldError

_FIRST = 2  # .1 is the node


class AddressPool:
    """The addresses of one node's pods."""

    def __init__(self, pod_cidr: str) -> None:
        self._range = ipaddress.IPv4Network(pod_cidr)
        self._last = self._range.num_addresses - 2
        self._next = _FIRST
        self._taken: set[str] = set()
        self._kept: set[str] = set()

    def keep(self, address: str) -> None:
        """Give this address only to who asks for it by name: a stored pod had it before a restart."""
        self._kept.add(address)

    def take(self, wanted: str = "") -> str:
        """The address `wanted` if it is of this range and free, else another one; WorldError without any."""
        if wanted and wanted not in self._taken and self._is_usable(wanted):
            return self._give(wanted)
        for number in (*range(self._next, self._last + 1), *range(_FIRST, self._next)):
            address = str(self._range[number])
            if address not in self._taken and address not in self._kept:
                self._next = number + 1
                return self._give(address)
        raise WorldError(f"no address is left for another pod in {self._range}.")

    def free(self, address: str) -> None:
        """Take an address back."""
        self._taken.discard(address)

    def _give(self, address: str) -> str:
        self._taken.add(address)
        self._kept.discard(address)
        return address

    def _is_usable(self, address: str) -> bool:
        try:
            number = int(ipaddress.IPv4Address(address)) - int(self._range[0])
        except ValueError:
            return False
        return _FIRST <= number <= self._last
