"""The outside network as the world owns it: opened when somebody wants it, with a DNS server of its own."""

from pathlib import Path

from convoy.cluster.dns.records import Records
from convoy.cluster.dns.zones import OutsideNames
from convoy.cluster.network.links import LinkWorker
from convoy.cluster.network.outside.outside import DNS_ADDRESS, Outside
from convoy.cluster.network.routers import WAN_CIDR
from convoy.cluster.supervisor.names import NameServer
from convoy.cluster.types import OutsideInfo, OutsideSpec


class Outdoors:
    """Implements `dns.records.Names`: what every cluster's DNS is told by the one outside."""

    def __init__(self, folder: Path, worker: LinkWorker) -> None:
        self._outside = Outside(folder, worker, WAN_CIDR)
        self._names = OutsideNames({})
        self._server = NameServer(self)

    async def open(self, spec: OutsideSpec) -> OutsideInfo:
        """Make the outside, or add names to it."""
        was_open = self._outside.is_open
        info = await self._outside.open(spec)
        self._names = OutsideNames(info.names)
        if not was_open:
            await self._server.open(self._outside.netns, DNS_ADDRESS)
        return info

    def find(self, name: str) -> Records | None:
        return self._names.find(name)
