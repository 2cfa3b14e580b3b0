"""The control plane under test and its fleet, as processes that live as long as a block."""

import json
import os
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from bench.fleet.processes import Peer, ask_all, peer
from bench.fleet.watch import fleet_of
from bench.fleet.worker import Totals
from bench.processes import tree_cpu_seconds, tree_peak_kib
from bench.scale.server import AUTHORITY, LISTS, Ports, free_ports, run_server
from bench.synthetic.feed import Revisions, write_lists
from bench.synthetic.injected import injected
from bench.synthetic.manifests import Manifest, Size, manifests
from bench.synthetic.members import members_of, new_authority
from convoy.xds.server.status import AdsStatistics


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What is put on the control plane. `at_most`: seconds to wait for any step."""

    size: Size
    clients: int
    processes: int = 2
    at_most: float = 300
    log_level: str = "error"


class Mesh:
    """A running control plane with its fleet."""

    def __init__(self, load: Load, server: Peer, workers: list[Peer], ports: Ports) -> None:
        self.load = load
        self.server = server
        self.workers = workers
        self.revisions = Revisions()
        self._ports = ports

    def connect(self) -> list[float]:
        """Let the fleet connect; gives when each client was configured."""
        address = f"127.0.0.1:{self._ports.ads}"
        return [time for answer in ask_all(self.workers, "connect", address) for time in answer]

    def send(self, kind_of_event: str, manifest: Manifest) -> None:
        """Let the source see an event."""
        self.send_line(self.line(kind_of_event, manifest))

    def line(self, kind_of_event: str, manifest: Manifest) -> bytes:
        """An event for `send_line`."""
        return self.revisions.event(kind_of_event, injected(manifest))

    def send_line(self, line: bytes) -> None:
        """Let the source see an event that was written before."""
        self.server.tell("event", line)

    def statistics(self) -> AdsStatistics:
        """What the ADS server counted."""
        address = f"http://127.0.0.1:{self._ports.debug}/debug/statistics"
        with urllib.request.urlopen(address, timeout=60) as answer:
            return msgspec.convert(json.load(answer)["ads"], AdsStatistics)

    def totals(self) -> Totals:
        """What the fleet received."""
        return sum(ask_all(self.workers, "totals"), Totals())

    def cpu_seconds(self) -> float:
        """What the control plane spent so far."""
        return tree_cpu_seconds(self.server.pid)

    def fleet_cpu_seconds(self) -> float:
        """What the fleet spent so far."""
        return sum(tree_cpu_seconds(worker.pid) for worker in self.workers)

    def peak_mb(self) -> float:
        """The control plane's largest resident size so far, in MB of 10^6 bytes."""
        return tree_peak_kib(self.server.pid) * 1024 / 1e6


@contextmanager
def fleet_and_server(load: Load) -> Iterator[tuple[Mesh, float]]:
    """A control plane that has just been started, and when that was; its fleet waits to be told."""
    with tempfile.TemporaryDirectory(prefix="convoy-bench-") as state:
        folder, ports = Path(state), free_ports()
        objects = map(injected, manifests(load.size))
        write_lists(folder / LISTS, objects, Revisions())
        members = members_of(load.size, load.clients, new_authority(folder / AUTHORITY))
        with fleet_of(members, processes=load.processes, patience=load.at_most) as workers:
            ask_all(workers, "totals")  # by then they have loaded what they need
            os.sync()
            started = time.monotonic()
            arguments = (folder, ports, load.log_level)
            with peer("server", run_server, *arguments, patience=load.at_most) as server:
                yield Mesh(load, server, workers, ports), started


def say(text: str) -> None:
    """Tell the reader how far it is."""
    click.echo(text)
