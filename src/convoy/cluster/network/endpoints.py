"""What EndpointSlices say about a Service, and the forwarding rules that follow.

Pure. Ready endpoints get connections; when there is none, those that terminate but still serve get them, so
that the last pod of a rollout is not missed by anybody
(https://kubernetes.io/docs/concepts/services-networking/service-traffic-policy/, and KEP-1669).
"""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from convoy.cluster.network.forwarding import ForwardingRule, Targets
from convoy.cluster.network.nodes import Node
from convoy.cluster.network.service_fields import needs_cluster_ip, service_type

Json = dict[str, Any]

_AFFINITY_SECONDS = 10800


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address behind a Service port."""

    address: str
    port: int
    node: str
    is_ready: bool
    is_last_resort: bool
    zones: tuple[str, ...]

    @property
    def target(self) -> tuple[str, int]:
        """As a rule has it."""
        return self.address, self.port


def plan_service(service: Json, slices: Sequence[Json], nodes: Sequence[Node]) -> tuple[ForwardingRule, ...]:
    """The rules of one Service."""
    return tuple(
        rule
        for port in service.get("spec", {}).get("ports") or ()
        for rule in _PortPlan(service, port, _endpoints(port, slices), nodes).rules()
    )


def ready_addresses(slices: Iterable[Json]) -> Iterator[str]:
    """The addresses that slices offer to new connections; those that only serve as a last resort are not."""
    for piece in slices:
        for endpoint in piece.get("endpoints") or ():
            if is_ready(endpoint):
                yield from endpoint.get("addresses") or ()


def load_balancer_ips(service: Json) -> tuple[str, ...]:
    """The addresses at which other clusters reach a Service."""
    if service_type(service.get("spec", {})) != "LoadBalancer":
        return ()
    ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
    return _ipv4(each.get("ip", "") for each in ingress if each.get("ipMode", "VIP") == "VIP")


def _endpoints(port: Json, slices: Iterable[Json]) -> list[Endpoint]:
    """The endpoints of a Service port, in order of address; slices name ports as the Service does."""
    found = {}
    for piece in slices:
        if piece.get("addressType") != "IPv4":
            continue
        for offered in piece.get("ports") or ():
            same = offered.get("name") or "", offered.get("protocol") or "TCP"
            if same != (port.get("name") or "", port.get("protocol") or "TCP") or not offered.get("port"):
                continue
            for endpoint in piece.get("endpoints") or ():
                for address in _ipv4(endpoint.get("addresses") or ())[:1]:  # the others mean the same
                    found[address, offered["port"]] = _endpoint(endpoint, address, offered["port"])
    return [found[target] for target in sorted(found)]


def _endpoint(endpoint: Json, address: str, port: int) -> Endpoint:
    conditions = endpoint.get("conditions") or {}
    hints = (endpoint.get("hints") or {}).get("forZones") or ()
    return Endpoint(
        address=address,
        port=port,
        node=endpoint.get("nodeName") or "",
        is_ready=is_ready(endpoint),
        is_last_resort=bool(conditions.get("terminating") and conditions.get("serving")),
        zones=tuple(zone.get("name", "") for zone in hints),
    )


def _ipv4(addresses: Iterable[str]) -> tuple[str, ...]:
    """Those that rules can name: one that is not would cost all others, too."""
    return tuple(address for address in addresses if _parsed(address) is not None)


def _parsed(text: str) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return None


def _ranges(texts: Sequence[str]) -> tuple[str, ...]:
    """Ranges without overlaps; where none is left of those that were given, one that holds nobody."""
    if not texts:
        return ()
    networks = [network for text in texts if (network := _parsed(text.strip())) is not None]
    return tuple(str(network) for network in ipaddress.collapse_addresses(networks)) or ("0.0.0.0/32",)


def is_ready(endpoint: Json) -> bool:
    """Whether a slice's endpoint takes new connections; what nobody knows counts as ready."""
    return (endpoint.get("conditions") or {}).get("ready") is not False


def _usable(endpoints: Sequence[Endpoint]) -> list[Endpoint]:
    ready = [endpoint for endpoint in endpoints if endpoint.is_ready]
    return ready or [endpoint for endpoint in endpoints if endpoint.is_last_resort]


def _targets(endpoints: Sequence[Endpoint]) -> Targets:
    return tuple(endpoint.target for endpoint in _usable(endpoints))


class _PortPlan:
    """One port of a Service with what is behind it."""

    def __init__(
        self, service: Json, port: Json, endpoints: Sequence[Endpoint], nodes: Sequence[Node]
    ) -> None:
        self._service = service
        self._spec: Json = service["spec"]
        self._port = port
        self._protocol = (port.get("protocol") or "TCP").lower()
        self._endpoints = endpoints
        self._nodes = nodes
        self._everywhere = _targets(endpoints)

    def rules(self) -> Iterator[ForwardingRule]:
        """The port's rules: inside, at nodes, from outside."""
        if not needs_cluster_ip(self._spec):
            return
        if self._spec.get("clusterIP") not in (None, "", "None"):
            yield self._inside(self._spec["clusterIP"])
        is_local = self._spec.get("externalTrafficPolicy") == "Local"
        if node_port := self._port.get("nodePort"):
            yield from self._at_nodes(node_port, is_local=is_local)
        if outside := load_balancer_ips(self._service):
            allowed = _ranges(self._spec.get("loadBalancerSourceRanges") or ())
            yield self._from_outside(outside, is_local=is_local, allowed=allowed)
        if external := _ipv4(self._spec.get("externalIPs") or ()):
            yield self._from_outside(external, is_local=is_local)

    def _inside(self, address: str) -> ForwardingRule:
        is_local = self._spec.get("internalTrafficPolicy") == "Local"
        nearby = self._own_endpoints() if is_local else self._close_endpoints()
        return ForwardingRule(
            addresses=(address,),
            protocol=self._protocol,
            port=self._port["port"],
            targets=self._everywhere,
            nearby=nearby,
            affinity=self._affinity(),
            drops=is_local,
        )

    def _own_endpoints(self) -> tuple[tuple[str, Targets], ...]:
        return tuple((node.pod_cidr, self._on(node)) for node in self._nodes)

    def _on(self, node: Node) -> Targets:
        return _targets([endpoint for endpoint in self._endpoints if endpoint.node == node.name])

    def _close_endpoints(self) -> tuple[tuple[str, Targets], ...]:
        """By the hints of the EndpointSlice controller, which count only if every endpoint has some."""
        usable = _usable(self._endpoints)
        if not usable or not all(endpoint.zones for endpoint in usable):
            return ()
        near = (
            (node.pod_cidr, tuple(endpoint.target for endpoint in usable if node.zone in endpoint.zones))
            for node in self._nodes
        )
        return tuple((clients, targets) for clients, targets in near if targets)

    def _at_nodes(self, number: int, *, is_local: bool) -> Iterator[ForwardingRule]:
        if not is_local:
            yield self._rule_outside(tuple(node.address for node in self._nodes), number, masquerades=True)
            return
        for node in self._nodes:
            yield self._rule_outside((node.address,), number, targets=self._on(node), drops=True)

    def _from_outside(
        self, addresses: tuple[str, ...], *, is_local: bool, allowed: tuple[str, ...] = ()
    ) -> ForwardingRule:
        """With policy Local a balancer sends to nodes that have endpoints, so all of these count."""
        return self._rule_outside(
            addresses, self._port["port"], masquerades=not is_local, drops=is_local, allowed=allowed
        )

    def _rule_outside(
        self,
        addresses: tuple[str, ...],
        port: int,
        *,
        targets: Targets | None = None,
        masquerades: bool = False,
        drops: bool = False,
        allowed: tuple[str, ...] = (),
    ) -> ForwardingRule:
        return ForwardingRule(
            addresses=addresses,
            protocol=self._protocol,
            port=port,
            targets=self._everywhere if targets is None else targets,
            masquerades=masquerades,
            affinity=self._affinity(),
            allowed=allowed,
            drops=drops,
        )

    def _affinity(self) -> int:
        if self._spec.get("sessionAffinity") != "ClientIP":
            return 0
        config = (self._spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
        return int(config.get("timeoutSeconds") or _AFFINITY_SECONDS)
