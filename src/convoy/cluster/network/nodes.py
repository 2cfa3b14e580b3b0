"""The nodes of a cluster: their names, zones and addresses.

All nodes of a cluster are one router: each has a part of the pods' range, whose first address is the node's
own and its pods' gateway.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

_ZONES = "abc"
_NODE_PREFIX = 24


@dataclass(frozen=True, slots=True)
class Node:
    """One node; `address` is its InternalIP."""

    name: str
    address: str
    pod_cidr: str
    region: str
    zone: str

    @property
    def gateway(self) -> str:
        """Its address with the prefix length of its pods' range."""
        return f"{self.address}/{self.pod_cidr.partition('/')[2]}"


def plan_nodes(cluster: str, count: int, *, pod_cidr: str, region: str) -> tuple[Node, ...]:
    """The nodes of a cluster, in order; ValueError when the range is too small for so many."""
    whole = ipaddress.IPv4Network(pod_cidr)
    parts = list(whole.subnets(new_prefix=_NODE_PREFIX)) if whole.prefixlen < _NODE_PREFIX else [whole]
    if count > len(parts):
        raise ValueError(f"{pod_cidr} has room for {len(parts)} nodes, not for {count}")
    return tuple(
        Node(
            name=f"{cluster}-node-{number}",
            address=str(part[1]),
            pod_cidr=str(part),
            region=region,
            zone=f"{region}-{_ZONES[(number - 1) % len(_ZONES)]}",
        )
        for number, part in zip(range(1, count + 1), parts, strict=False)
    )


def node_of(address: str, nodes: Sequence[Node]) -> Node | None:
    """The node in whose range an address is."""
    wanted = ipaddress.IPv4Address(address)
    return next((node for node in nodes if wanted in ipaddress.IPv4Network(node.pod_cidr)), None)
