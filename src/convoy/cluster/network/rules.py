"""Forwarding rules as an nftables ruleset for a cluster's router.

Pure text. One verdict map leads from (address, protocol, port) to a chain per Service port, so the cost of a
packet does not grow with the number of Services. Replies to a pod on the same bridge would not pass the
router, so what it forwards from pods to pods carries its own address; from other clusters only what was meant
for a load balancer's address comes in.
"""

from collections.abc import Sequence

import msgspec

from convoy.cluster.network.services import ForwardingRule

TABLE = "ip convoy_services"


class RouterPlan(msgspec.Struct, frozen=True):
    """The names and ranges a router's rules speak of."""

    pod_cidr: str
    service_cidr: str
    pods_link: str
    uplink: str


def build_ruleset(rules: Sequence[ForwardingRule], plan: RouterPlan) -> str:
    """Text for `nft -f -` that replaces the whole table at once."""
    chains = [chain for number, rule in enumerate(rules) for chain in _rule_chains(number, rule)]
    body = [*chains, *_entry(rules), *_masquerade(plan), *_border(plan)]
    return "\n".join((f"add table {TABLE}", f"delete table {TABLE}", f"table {TABLE} {{", *body, "}", ""))


def _rule_chains(number: int, rule: ForwardingRule) -> list[str]:
    if len(rule.targets) == 1:
        return _chain(f"service_{number}", _dnat(rule.targets[0]))
    chains = []
    for index, target in enumerate(rule.targets):
        chains += _chain(f"service_{number}_{index}", _dnat(target))
    choices = ", ".join(f"{index} : goto service_{number}_{index}" for index in range(len(rule.targets)))
    return chains + _chain(f"service_{number}", f"numgen random mod {len(rule.targets)} vmap {{ {choices} }}")


def _dnat(target: tuple[str, int]) -> str:
    # A bare `dnat` in a chain that several protocols could reach is refused by nft; this names those with
    # ports.
    return f"meta l4proto {{ tcp, udp }} dnat to {target[0]}:{target[1]}"


def _entry(rules: Sequence[ForwardingRule]) -> list[str]:
    elements = ", ".join(
        f"{address} . {rule.protocol} . {rule.port} : goto service_{number}"
        for number, rule in enumerate(rules)
        for address in rule.addresses
    )
    lookup = ["ip daddr . meta l4proto . th dport vmap @services"] if elements else []
    listed = [f"    elements = {{ {elements} }}"] if elements else []
    return [
        "  map services {",
        "    type ipv4_addr . inet_proto . inet_service : verdict",
        *listed,
        "  }",
        *_chain("prerouting", "type nat hook prerouting priority -100; policy accept;", *lookup),
        *_chain("output", "type nat hook output priority -100; policy accept;", *lookup),
    ]


def _masquerade(plan: RouterPlan) -> list[str]:
    inside = f"ip saddr {{ {plan.pod_cidr}, {plan.service_cidr} }}"
    return _chain(
        "postrouting",
        "type nat hook postrouting priority 100; policy accept;",
        f'oifname "{plan.pods_link}" ct status dnat {inside} masquerade',
        f'oifname "{plan.uplink}" ip saddr {plan.pod_cidr} masquerade',
    )


def _border(plan: RouterPlan) -> list[str]:
    return _chain(
        "forward",
        "type filter hook forward priority 0; policy accept;",
        f'iifname "{plan.uplink}" ct state established,related accept',
        f'iifname "{plan.uplink}" ct status dnat accept',
        f'iifname "{plan.uplink}" drop',
    )


def _chain(name: str, *lines: str) -> list[str]:
    return [f"  chain {name} {{", *(f"    {line}" for line in lines), "  }"]
