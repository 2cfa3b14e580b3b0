"""Addresses and ports of Services, given at the moment a Service is written.

They are in the stored objects and nowhere else, so they survive whatever the process survives. Wording and
rules are those of the Kubernetes API server (`pkg/registry/core/service`): clusterIP and nodePort are kept
over updates that leave them out, and a type that needs none loses them.

Which numbers are taken is remembered here as a hint only: before one is refused, its owner is looked up in
the store, so that nobody has to tell of deletions or of writes that came to nothing.
"""

import ipaddress
from typing import Any

import orjson

from convoy.cluster.machinery.builtin import CORE
from convoy.cluster.machinery.statuses import Cause, StatusError, field_invalid, invalid
from convoy.cluster.network.pools import Pool
from convoy.cluster.network.service_fields import (
    HEADLESS,
    align_cluster_ips,
    carry_over,
    drop_unneeded,
    needs_cluster_ip,
    needs_node_ports,
    service_type,
    set_ip_families,
)
from convoy.cluster.store import Key, Store
from convoy.kit.clock import SYSTEM_CLOCK, Clock

Object = dict[str, Any]

NODE_PORTS = range(30000, 32768)
_SERVICES = next(resource for resource in CORE if resource.plural == "services")


class ServiceAllocator:
    """Hands out one cluster's ClusterIPs and node ports."""

    def __init__(self, store: Store, service_cidr: str, clock: Clock = SYSTEM_CLOCK) -> None:
        self._store = store
        self._range = ipaddress.IPv4Network(service_cidr)
        # The lower part is left to those who ask for an address, as upstream does.
        first = min(max(16, self._range.num_addresses // 16), 256)
        hosts = range(1, self._range.num_addresses - 1)
        self._addresses = Pool(hosts, first=first, holds=self._holds_address, clock=clock)
        self._ports = Pool(NODE_PORTS, first=NODE_PORTS.start, holds=self._holds_port, clock=clock)
        self._is_loaded = False

    def allocate(self, service: Object, *, old: Object | None, dry_run: bool = False) -> Object:
        """A copy of a defaulted Service with every address and port that it needs, and none that it does not.

        `old` is the stored one, None for a create. Raises StatusError (422, with the known words) for an
        address or port that is taken or out of range. To be called after mutating admission, before
        validation; what was handed out stays reserved for its Service's name until `settle`.
        """
        self._load()
        made: Object = orjson.loads(orjson.dumps(service))
        spec = made.setdefault("spec", {})
        before = old.get("spec", {}) if old is not None else None
        if before is not None:
            drop_unneeded(spec, before)
        align_cluster_ips(spec, before)
        if before is not None:
            carry_over(spec, before)
        set_ip_families(spec)
        metadata = made["metadata"]
        writing = _Writing(self, Key(metadata.get("namespace", ""), metadata["name"]), dry_run)
        writing.fill(spec)
        if service_type(spec) != "LoadBalancer" and "loadBalancer" in made.get("status", {}):
            made["status"] = {**made["status"], "loadBalancer": {}}
        return made

    def settle(self, namespace: str, name: str) -> None:
        """The write that `allocate` was called for has ended, in whichever way; deletions need no word."""
        for pool in (self._addresses, self._ports):
            pool.settle(Key(namespace, name))

    def _load(self) -> None:
        """Learn what the stored Services have, once."""
        if self._is_loaded:
            return
        self._is_loaded = True
        for stored in self._store.list("services"):
            spec = stored.object.get("spec", {})
            for address in spec.get("clusterIPs") or ():
                if (number := self.number_of(address)) is not None:
                    self._addresses.note(number, stored.key)
            for port in spec.get("ports") or ():
                if port.get("nodePort"):
                    self._ports.note(port["nodePort"], stored.key)

    def number_of(self, address: str) -> int | None:
        """The place of an address in the range; None when it is no address of it."""
        try:
            parsed = ipaddress.IPv4Address(address)
        except ValueError:
            return None
        return int(parsed) - int(self._range[0]) if parsed in self._range else None

    def claim_address(self, address: str, owner: Key, *, keep: bool) -> Cause | None:
        """Take an address for a Service, or say why not; `keep` False only asks."""
        number = self.number_of(address)
        why = "provided IP is already allocated"
        if number is None or number not in self._addresses.numbers:
            why = f"the provided IP ({address}) is not in the valid range. "
            why += f"The range of valid IPs is {self._range}"
        elif self._addresses.claim(number, owner, keep=keep):
            return None
        listed = f'[]string{{"{address}"}}'
        return field_invalid("spec.clusterIPs", listed, f"failed to allocate IP {address}: {why}")

    def next_address(self, owner: Key, *, keep: bool) -> str | None:
        """A free address; None when there is none."""
        number = self._addresses.take(owner, keep=keep)
        return None if number is None else str(self._range[number])

    def claim_port(self, number: int, owner: Key, *, place: str, keep: bool) -> Cause | None:
        """Take a node port for a Service, or say why not; `place` is the field."""
        if number not in NODE_PORTS:
            valid = f"The range of valid ports is {NODE_PORTS.start}-{NODE_PORTS.stop - 1}"
            return field_invalid(place, str(number), f"provided port is not in the valid range. {valid}")
        if self._ports.claim(number, owner, keep=keep):
            return None
        return field_invalid(place, str(number), "provided port is already allocated")

    def next_port(self, owner: Key, *, keep: bool) -> int | None:
        """A free node port; None when there is none."""
        return self._ports.take(owner, keep=keep)

    def _holds_address(self, owner: Key, number: int) -> bool:
        stored = self._store.get("services", owner)
        return stored is not None and str(self._range[number]) in (
            stored.object.get("spec", {}).get("clusterIPs") or ()
        )

    def _holds_port(self, owner: Key, number: int) -> bool:
        stored = self._store.get("services", owner)
        ports = stored.object.get("spec", {}).get("ports") or () if stored is not None else ()
        return any(port.get("nodePort") == number for port in ports)


class _Writing:
    """One Service on its way into the store."""

    def __init__(self, pools: ServiceAllocator, owner: Key, dry_run: bool) -> None:
        self._pools = pools
        self._owner = owner
        self._keep = not dry_run

    def fill(self, spec: Object) -> None:
        """Give the spec what its type needs; raises StatusError."""
        causes = list(self._families(spec))
        if not causes and needs_cluster_ip(spec):
            causes += self._fill_address(spec)
        if needs_node_ports(spec):
            causes += self._fill_ports(spec)
        if causes:
            raise invalid(_SERVICES, self._owner.name, causes)

    def _families(self, spec: Object) -> list[Cause]:
        if spec.get("clusterIP") == HEADLESS or not needs_cluster_ip(spec):
            return []
        causes = [
            field_invalid(f"spec.ipFamilies[{index}]", f'"{family}"', "not configured on this cluster")
            for index, family in enumerate(spec["ipFamilies"])
            if family != "IPv4"
        ]
        if spec["ipFamilyPolicy"] == "RequireDualStack":
            why = "this cluster is not configured for dual-stack services"
            causes.append(field_invalid("spec.ipFamilyPolicy", '"RequireDualStack"', why))
        return causes

    def _fill_address(self, spec: Object) -> list[Cause]:
        if spec.get("clusterIP") == HEADLESS:
            return []
        if not spec.get("clusterIP"):
            address = self._pools.next_address(self._owner, keep=self._keep)
            if address is None:
                raise self._exhausted("clusterIP", "range is full")
            spec["clusterIP"], spec["clusterIPs"] = address, [address]
            return []
        cause = self._pools.claim_address(spec["clusterIP"], self._owner, keep=self._keep)
        return [cause] if cause is not None else []

    def _fill_ports(self, spec: Object) -> list[Cause]:
        """TCP and UDP under one port number share a node port, as far as neither asks for another one."""
        causes = []
        given: dict[int, list[Object]] = {}
        for index, port in enumerate(spec.get("ports") or ()):
            if port.get("nodePort"):
                place = f"spec.ports[{index}].nodePort"
                cause = self._pools.claim_port(port["nodePort"], self._owner, place=place, keep=self._keep)
                causes += [cause] if cause is not None else []
                given.setdefault(port["port"], []).append(port)
        used = {port["nodePort"] for ports in given.values() for port in ports}
        for port in spec.get("ports") or ():
            if not port.get("nodePort"):
                port["nodePort"] = _shared(port, given.get(port["port"], [])) or self._next_port(used)
                used.add(port["nodePort"])
                given.setdefault(port["port"], []).append(port)
        return causes

    def _next_port(self, used: set[int]) -> int:
        for _ in NODE_PORTS:
            number = self._pools.next_port(self._owner, keep=self._keep)
            if number is None:
                break
            if number not in used:
                return number
        raise self._exhausted("nodePort", "range is full")

    def _exhausted(self, what: str, why: str) -> StatusError:
        return StatusError(
            500, "InternalError", f"Internal error occurred: failed to allocate a {what}: {why}"
        )


def _shared(port: Object, others: list[Object]) -> int | None:
    protocols = {other.get("protocol", "TCP") for other in others}
    if not others or port.get("protocol", "TCP") in protocols:
        return None
    return int(others[0]["nodePort"])
