"""The real control plane in a process of its own, with synthetic surroundings."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
import uvloop

from bench.scale.platform import SyntheticPlatform
from bench.synthetic.injected import SETTINGS
from bench.synthetic.source import SyntheticSource
from convoy.controlplane.program import run_control_plane
from convoy.controlplane.settings import ControlPlaneSettings
from convoy.kit.logs import configure_logs

LISTS, AUTHORITY = "lists", "ca"


class Ports(msgspec.Struct, frozen=True):
    """Where the control plane listens on loopback."""

    ads: int
    agents: int
    debug: int


def free_ports() -> Ports:
    """Ports that nobody listens on now."""
    with ExitStack() as stack:
        found = [stack.enter_context(_listening()) for _ in range(3)]
    return Ports(*found)


def run_server(pipe: Connection, folder: Path, ports: Ports, log_level: str) -> None:
    """The process's main function; ends when it is told to or when the other end is gone."""
    configure_logs(level=log_level)
    settings = ControlPlaneSettings(
        mesh=SETTINGS,
        ca_dir=folder / AUTHORITY,
        ads_port=ports.ads,
        agent_port=ports.agents,
        debug_port=ports.debug,
    )
    source = SyntheticSource(folder / LISTS, cluster=SETTINGS.cluster_id)
    uvloop.run(run_control_plane(settings, platform=SyntheticPlatform(source, pipe)))


@contextmanager
def _listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
