"""Ports of the host that lead to gateways of embedded clusters; the holder keeps them while its world runs.

A port is remembered in the world's folder: a gateway has the same URL after `convoy down` and `convoy up`.
"""

import asyncio
from pathlib import Path

import msgspec

from convoy.cli.clusters.listeners import bind_listener, port_of
from convoy.cluster.client import World

_FILE = "doors.json"


class Place(msgspec.Struct, frozen=True):
    """What a door leads to: an address that a cluster reaches (a load balancer's), and a port there."""

    cluster: str
    address: str
    port: int


class Doors:
    """The open doors of a world."""

    def __init__(self, world: World, folder: Path) -> None:
        self._world = world
        self._file = folder / _FILE
        self._open: dict[Place, int] = {}
        self._turn = asyncio.Lock()

    async def open(self, place: Place) -> int:
        """The host's port on 127.0.0.1 that leads to a place, opened unless it is. OSError or WorldError."""
        async with self._turn:
            if place not in self._open:
                self._open[place] = await self._make(place)
            return self._open[place]

    async def _make(self, place: Place) -> int:
        remembered, name = load_ports(self._file), f"{place.cluster}:{place.port}"
        with bind_listener(remembered.get(name, 0)) as listener:
            port = port_of(listener)
            await self._world.forward(listener, place.cluster, place.address, place.port)
        save_ports(self._file, {**remembered, name: port})
        return port


def load_ports(file: Path) -> dict[str, int]:
    """The ports of last time by `cluster:port`; nothing where there is no such file, or a spoiled one."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, int])
    except (OSError, msgspec.DecodeError):
        return {}


def save_ports(file: Path, ports: dict[str, int]) -> None:
    """Remember these."""
    fresh = file.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(ports))
    fresh.replace(file)
