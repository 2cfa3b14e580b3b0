"""Remembered datagram exchanges that lead where no rule leads any more.

The kernel remembers where the first datagram of an exchange went, and sends all later ones there, for as long
as they keep coming: a resolver that always asks from one port would never learn of a new server. A TCP
connection ends by itself; datagrams have no end, so the memory is deleted when a Service's targets change.
"""

import socket
from collections.abc import Iterable, Mapping
from typing import Any

from convoy.cluster.linux.netns import inside
from convoy.cluster.network.forwarding import ForwardingRule

Place = tuple[str, int]
Fronts = Mapping[Place, frozenset[Place]]


def datagram_fronts(rules: Iterable[ForwardingRule]) -> Fronts:
    """Where datagrams may go, by the place they are sent to."""
    return {
        (address, rule.port): frozenset((*rule.targets, *(each for _, near in rule.nearby for each in near)))
        for rule in rules
        if rule.protocol == "udp"
        for address in rule.addresses
    }


def changed_fronts(old: Fronts, new: Fronts) -> Fronts:
    """The fronts whose targets are not what they were, with the new ones; none where the front is gone."""
    nowhere: frozenset[Place] = frozenset()
    return {front: new.get(front, nowhere) for front in {**old, **new} if old.get(front) != new.get(front)}


def forget_datagrams(netns: int, fronts: Fronts) -> int:
    """Delete what is remembered of exchanges with `fronts` that go elsewhere than there; gives how many."""
    from pyroute2.netlink.nfnetlink.nfctsocket import NFCTAttrTuple, NFCTSocket

    deleted = 0
    with inside(netns), NFCTSocket() as conntrack:
        udp = NFCTAttrTuple(proto=socket.IPPROTO_UDP)  # the kernel leaves out the others, which are many
        stale = [entry for entry in conntrack.dump(tuple_orig=udp) if _is_stale(entry, fronts)]
        for entry in stale:
            original = NFCTAttrTuple.from_netlink(socket.AF_INET, entry.get_attr("CTA_TUPLE_ORIG"))
            try:
                conntrack.entry("del", tuple_orig=original)
                deleted += 1
            except Exception:  # gone by itself in the meantime; pyroute2's errors are spread over modules
                continue
    return deleted


def _is_stale(entry: Any, fronts: Fronts) -> bool:
    sent, answered = (_places(entry.get_attr(f"CTA_TUPLE_{which}")) for which in ("ORIG", "REPLY"))
    if sent is None or answered is None:
        return False
    targets = fronts.get(sent[1])
    return targets is not None and answered[0] not in targets


def _places(part: Any) -> tuple[Place, Place] | None:
    """Source and destination of an UDP exchange; None for what is another protocol's."""
    address, protocol = part.get_attr("CTA_TUPLE_IP"), part.get_attr("CTA_TUPLE_PROTO")
    if protocol.get_attr("CTA_PROTO_NUM") != socket.IPPROTO_UDP:
        return None
    return (
        (address.get_attr("CTA_IP_V4_SRC"), protocol.get_attr("CTA_PROTO_SRC_PORT")),
        (address.get_attr("CTA_IP_V4_DST"), protocol.get_attr("CTA_PROTO_DST_PORT")),
    )
