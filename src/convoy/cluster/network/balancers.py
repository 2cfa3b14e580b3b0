"""Load balancer addresses: one range for all clusters, and the status that tells each Service its own.

Each cluster takes from a part of its own first, so that clusters need not know of each other's stored
objects: an address that a stopped cluster has in its database is free when it comes back.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from convoy.cluster.machinery.builtin import CORE
from convoy.cluster.machinery.requests import WriteOptions, system_user
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.network.endpoints import load_balancer_ips
from convoy.cluster.network.index import ServiceIndex
from convoy.cluster.network.service_fields import service_type
from convoy.cluster.registry import Registry
from convoy.cluster.store import Key
from convoy.kit.logs import get_logger

Json = dict[str, Any]

BALANCERS = ipaddress.IPv4Network("198.19.0.0/24")
_FIRST = 10  # the shared bridge and what belongs to the world come before
_LAST = 233  # routers come after
_PART = 28
_PARTS = (_LAST - _FIRST + 1) // _PART
_SERVICES = next(resource for resource in CORE if resource.plural == "services")
_COMPONENT = "service-controller"

log = get_logger("cluster.network")


@dataclass(frozen=True, slots=True, order=True)
class BalancedService:
    """A Service of one of the clusters."""

    cluster: str
    key: Key


class SharedAddresses:
    """Who has which load balancer address, in all clusters that run."""

    def __init__(self) -> None:
        self._owners: dict[str, BalancedService] = {}

    def owner(self, address: str) -> BalancedService | None:
        """Who has an address."""
        return self._owners.get(address)

    def addresses(self) -> list[str]:
        """All that are given."""
        return list(self._owners)

    def claim(self, address: str, owner: BalancedService) -> bool:
        """Take a certain address; False when it is another's or cannot be given."""
        if not is_balancer_address(address):
            return False
        return self._owners.setdefault(address, owner) == owner

    def take(self, owner: BalancedService, number: int) -> str | None:
        """A free address, from the part of cluster `number` if that has one left; None when all are taken."""
        start = _FIRST + (number % _PARTS) * _PART
        for place in (*range(start, start + _PART), *range(_FIRST, _LAST + 1)):
            address = str(BALANCERS[place])
            if address not in self._owners:
                self._owners[address] = owner
                return address
        return None

    def keep_only(self, cluster: str, keys: Mapping[Key, object]) -> None:
        """Free the addresses of a cluster's Services other than these."""
        self._owners = {
            address: owner
            for address, owner in self._owners.items()
            if owner.cluster != cluster or owner.key in keys
        }


def is_balancer_address(address: str) -> bool:
    """Whether an address is one that a load balancer may have."""
    try:
        number = int(ipaddress.IPv4Address(address)) - int(BALANCERS[0])
    except ValueError:
        return False
    return _FIRST <= number <= _LAST


class LoadBalancers:
    """The controller of one cluster: gives every Service of type LoadBalancer its address."""

    def __init__(
        self, cluster: str, number: int, *, registry: Registry, index: ServiceIndex, shared: SharedAddresses
    ) -> None:
        self._cluster = cluster
        self._number = number
        self._registry = registry
        self._index = index
        self._shared = shared

    async def run(self) -> None:
        """Follow the Services until cancelled."""
        seen = 0
        while True:
            seen, _ = await self._index.changed.wait_newer(seen)
            for key, address in self.plan():
                try:
                    await self._write(key, address)
                except StatusError as error:  # it changes, or goes, at this very moment: its event follows
                    log.debug("status refused", cluster=self._cluster, service=key, detail=error.message)

    def close(self) -> None:
        """Give every address back."""
        self._shared.keep_only(self._cluster, {})

    def plan(self) -> list[tuple[Key, str]]:
        """The addresses that Services lack. What stored ones say is theirs comes before what others want."""
        balancing = {key: self._index.services[key] for key in self._index.balancing}
        wanting = {key: service for key, service in balancing.items() if _is_ours(service)}
        self._shared.keep_only(self._cluster, wanting)
        lacking = [key for key in sorted(wanting) if not self._has_own(key, wanting[key])]
        return [(key, address) for key in lacking if (address := self._address_for(key, wanting[key]))]

    def _has_own(self, key: Key, service: Json) -> bool:
        addresses = load_balancer_ips(service)
        return bool(addresses) and all(self._shared.claim(each, self._owner(key)) for each in addresses)

    def _address_for(self, key: Key, service: Json) -> str | None:
        wanted = service.get("spec", {}).get("loadBalancerIP")
        if not wanted:
            return self._shared.take(self._owner(key), self._number)
        if self._shared.claim(wanted, self._owner(key)):
            return str(wanted)
        log.warning("load balancer address refused", cluster=self._cluster, service=key, wanted=wanted)
        return None

    def _owner(self, key: Key) -> BalancedService:
        return BalancedService(self._cluster, key)

    async def _write(self, key: Key, address: str) -> None:
        def change(service: Json) -> Json | None:
            if not _is_ours(service):
                return None
            ports = [
                {"port": port["port"], "protocol": port.get("protocol", "TCP")}
                for port in service["spec"].get("ports") or ()
            ]
            entry = {"ip": address, "ipMode": "VIP", "ports": ports}
            service.setdefault("status", {})["loadBalancer"] = {"ingress": [entry]}
            return service

        options = WriteOptions(user=system_user(_COMPONENT), manager=_COMPONENT, is_internal=True)
        await self._registry.modify(_SERVICES, key.namespace, key.name, change, options, subresource="status")


def _is_ours(service: Json) -> bool:
    """A class names some other balancer, which is none of our business."""
    spec = service.get("spec", {})
    return (
        service_type(spec) == "LoadBalancer"
        and not spec.get("loadBalancerClass")
        and not service.get("metadata", {}).get("deletionTimestamp")
    )
