"""A door is opened once for a place, and leads to the same port of the host as last time."""

import socket
from pathlib import Path
from typing import cast

from convoy.cli.clusters.addresses import holder_address, is_held
from convoy.cli.clusters.doors import Doors, Place, load_ports
from convoy.cluster.client import World

PLACE = Place("cluster1", "198.19.0.10", 80)


class FakeWorld:
    """Keeps copies of the listeners it is given, as a world does."""

    def __init__(self) -> None:
        self.forwards: dict[int, Place] = {}
        self._kept: list[socket.socket] = []

    async def forward(self, listener: socket.socket, cluster: str, address: str, port: int) -> None:
        self._kept.append(listener.dup())
        self.forwards[listener.getsockname()[1]] = Place(cluster, address, port)

    def end(self) -> None:
        for sock in self._kept:
            sock.close()


def doors(world: FakeWorld, folder: Path) -> Doors:
    return Doors(cast(World, world), folder)


async def test_a_place_has_one_door(tmp_path) -> None:
    world = FakeWorld()
    opened = doors(world, tmp_path)
    port = await opened.open(PLACE)
    assert await opened.open(PLACE) == port
    assert world.forwards == {port: PLACE}
    moved = Place("cluster1", "198.19.0.99", 80)
    other = await opened.open(moved)
    assert world.forwards == {port: PLACE, other: moved}
    world.end()


async def test_the_port_is_that_of_last_time_unless_it_is_taken(tmp_path) -> None:
    world = FakeWorld()
    port = await doors(world, tmp_path).open(PLACE)
    world.end()

    again = FakeWorld()
    assert await doors(again, tmp_path).open(PLACE) == port

    beside = FakeWorld()
    other = await doors(beside, tmp_path).open(PLACE)
    assert other != port
    assert load_ports(tmp_path / "doors.json") == {"cluster1:80": other}
    again.end()
    beside.end()


async def test_a_spoiled_memory_is_no_memory(tmp_path) -> None:
    (tmp_path / "doors.json").write_text("{")
    world = FakeWorld()
    assert await doors(world, tmp_path).open(PLACE) in world.forwards
    world.end()


def test_a_folder_is_held_while_somebody_listens_for_it(tmp_path) -> None:
    assert not is_held(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(holder_address(tmp_path))
        listener.listen()
        assert is_held(tmp_path)
    assert not is_held(tmp_path)
