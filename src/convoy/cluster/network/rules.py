"""Forwarding rules as an nftables ruleset for a cluster's router.

Pure. One verdict map leads from (address, protocol, port) to a chain per Service port, so the cost of a
packet does not grow with the number of Services. Every packet between pods passes the router, so replies find
their way back without hiding the client; it is hidden where a pod reaches itself, and where that is what the
Service's policy means. From other clusters only what was meant for a load balancer's address comes in.

Address translation looks at the first packet of a connection only: a change of the rules steers new
connections and leaves the others alone.
"""

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from convoy.cluster.network.forwarding import ForwardingRule, Targets
from convoy.cluster.network.rulesets import Ruleset

TO_SERVICES = "services"
TO_NOBODY = "nobody"
_KEY = "type ipv4_addr . inet_proto . inet_service : verdict;"
_LOOKUP = "ip daddr . meta l4proto . th dport vmap"
# A mark lives as long as its packet is in the router: those that pods set do not pass the link.
_HIDE = "meta mark set 0x4000"


class RouterPlan(msgspec.Struct, frozen=True):
    """The names and ranges a router's rules speak of."""

    pod_cidr: str
    service_cidr: str
    pods_link: str
    uplink: str
    shared_cidr: str


def build_ruleset(rules: Iterable[ForwardingRule], plan: RouterPlan) -> Ruleset:
    """Everything the router's kernel has to know."""
    chains = _fixed_chains(plan)
    sets = {TO_SERVICES: f"map {{ {_KEY} }}", TO_NOBODY: f"map {{ {_KEY} }}"}
    elements: dict[tuple[str, str], str] = {}
    for rule in rules:
        part = build_rule_part(rule)
        chains |= part.chains
        sets |= part.sets
        elements |= part.elements
    return Ruleset(chains, sets, elements)


@lru_cache(maxsize=10_000)
def build_rule_part(rule: ForwardingRule) -> Ruleset:
    """What one rule puts into the table."""
    keys = [f"{address} . {rule.protocol} . {rule.port}" for address in rule.addresses]
    if not rule.leads_somewhere:
        verdict = "drop" if rule.drops else "goto refuse"
        return Ruleset({}, {}, {(TO_NOBODY, key): verdict for key in keys})
    chains: dict[str, tuple[str, ...]] = {}
    name = f"service_{rule.name}"
    lines = [f"ip saddr != {{ {', '.join(rule.allowed)} }} drop"] if rule.allowed else []
    lines += [_HIDE] if rule.masquerades else []
    for clients, targets in rule.nearby:
        near = f"{name}_for_{clients.replace('.', '_').replace('/', '_')}"
        chains[near] = tuple(_choose(rule, targets))
        lines.append(f"ip saddr {clients} goto {near}")
    chains[name] = (*lines, *_choose(rule, rule.targets))
    everyone = {*rule.targets, *(target for _clients, targets in rule.nearby for target in targets)}
    sets: dict[str, str] = {}
    for target in sorted(everyone):
        chains[_target_chain(rule, target)] = tuple(_reach(rule, target))
        if rule.affinity:
            sets[_memory(rule, target)] = _memory_of(rule.affinity)
    return Ruleset(chains, sets, {(TO_SERVICES, key): f"goto {name}" for key in keys})


def _choose(rule: ForwardingRule, targets: Targets) -> list[str]:
    if not targets:
        return ["drop"]
    lines = []
    if rule.affinity:
        lines += [
            f"ip saddr @{_memory(rule, target)} goto {_target_chain(rule, target)}" for target in targets
        ]
    if len(targets) == 1:
        return [*lines, f"goto {_target_chain(rule, targets[0])}"]
    choices = ", ".join(f"{index} : goto {_target_chain(rule, each)}" for index, each in enumerate(targets))
    return [*lines, f"numgen random mod {len(targets)} vmap {{ {choices} }}"]


def _reach(rule: ForwardingRule, target: tuple[str, int]) -> list[str]:
    address, port = target
    remember = [f"update @{_memory(rule, target)} {{ ip saddr }}"] if rule.affinity else []
    # nft refuses a bare `dnat` to a port in a chain that any protocol could reach.
    dnat = f"meta l4proto {{ tcp, udp, sctp }} dnat to {address}:{port}"
    return [*remember, f"ip saddr {address} {_HIDE}", dnat]


def _target_chain(rule: ForwardingRule, target: tuple[str, int]) -> str:
    """Rules share the chains of targets, except where they remember who went there."""
    place = f"to_{target[0].replace('.', '_')}_{target[1]}"
    return f"{place}_from_{rule.name}" if rule.affinity else place


def _memory(rule: ForwardingRule, target: tuple[str, int]) -> str:
    return f"clients_{_target_chain(rule, target)}_{rule.affinity}"


def _memory_of(seconds: int) -> str:
    return f"set {{ type ipv4_addr; flags dynamic,timeout; timeout {seconds}s; }}"


def _fixed_chains(plan: RouterPlan) -> dict[str, tuple[str, ...]]:
    nobody = f"{_LOOKUP} @{TO_NOBODY}"
    return {
        "refuse": ("meta l4proto tcp reject with tcp reset", "reject"),
        "prerouting": ("type nat hook prerouting priority -100;", f"{_LOOKUP} @{TO_SERVICES}"),
        "output": ("type nat hook output priority -100;", f"{_LOOKUP} @{TO_SERVICES}"),
        "postrouting": (
            "type nat hook postrouting priority 100;",
            "meta mark 0x4000 masquerade",
            # The router reaches a Service from the Service's own address, which is local to it.
            f'oifname "{plan.pods_link}" ip saddr {plan.service_cidr} masquerade',
            f'oifname "{plan.uplink}" ip saddr {plan.pod_cidr} masquerade',
        ),
        "input": (
            "type filter hook input priority 0;",
            "ct state established,related accept",
            nobody,
            f'iifname "{plan.uplink}" ip daddr != {plan.shared_cidr} drop',
        ),
        "forward": (
            "type filter hook forward priority 0;",
            "ct state established,related accept",
            nobody,
            f'iifname "{plan.uplink}" ct status dnat accept',
            f'iifname "{plan.uplink}" drop',
        ),
        "own": ("type filter hook output priority 0;", nobody),
    }
