"""`python -m bench scale`: options in, progress and figures out; the last line is one JSON object."""

import json
import pathlib
from pathlib import Path
from typing import Any

import click
import msgspec
from click.core import ParameterSource

from bench.scale.measuring import Figures, Plan, measure
from bench.scale.running import Load, say
from bench.synthetic.manifests import Size

_QUICK = {
    "services": 50,
    "clients": 20,
    "changes": 5,
    "churn_per_second": 40,
    "churn_seconds": 1,
    "growth": False,
}
_FACTORS = (0.25, 4)
_CHANGES_WHILE_GROWING = 20
# What a fleet and a control plane take for each client, and without any.
_MB_PER_CLIENT, _MB_AT_LEAST = 3, 2_000


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for."""

    services: int
    ports: int
    endpoints: int
    namespaces: int
    clients: int
    changes: int
    churn_per_second: float
    churn_seconds: float
    one_port: bool
    growth: bool
    processes: int
    at_most: float
    log_level: str
    profile_server: pathlib.Path | None

    @property
    def load(self) -> Load:
        """The mesh itself."""
        size = Size(
            services=self.services, ports=self.ports, endpoints=self.endpoints, namespaces=self.namespaces
        )
        return Load(
            size=size,
            clients=self.clients,
            processes=min(self.processes, self.clients),
            at_most=self.at_most,
            log_level=self.log_level,
        )

    @property
    def plan(self) -> Plan:
        """What is measured of it."""
        return Plan(
            changes=self.changes,
            churn_per_second=self.churn_per_second,
            churn_seconds=self.churn_seconds,
            profile=self.profile_server,
        )


@click.command()
@click.option("--services", type=click.IntRange(1, 20_000), default=1_000, show_default=True)
@click.option("--ports", type=click.IntRange(1), default=20, show_default=True)
@click.option("--endpoints", type=click.IntRange(1), default=5, show_default=True, help="Of each service.")
@click.option("--namespaces", type=click.IntRange(1), default=10, show_default=True)
@click.option("--clients", type=click.IntRange(1, 20_000), default=1_000, show_default=True)
@click.option("--changes", type=click.IntRange(1), default=100, show_default=True, help="One at a time.")
@click.option("--churn-per-second", type=click.FloatRange(0), default=100, show_default=True)
@click.option("--churn-seconds", type=click.FloatRange(0), default=60, show_default=True)
@click.option("--one-port/--no-one-port", default=True, help="The same with all services on one port.")
@click.option("--growth/--no-growth", default=True, help="A quarter and four times of services and clients.")
@click.option("--quick", is_flag=True, help="A small mesh and few changes, where nothing else is said.")
@click.option("--processes", type=click.IntRange(1), default=2, show_default=True, help="For the clients.")
@click.option("--at-most", type=click.FloatRange(1), default=300, help="Seconds to wait for any step.")
@click.option("--log-level", default="error", show_default=True, help="Of the control plane.")
@click.option(
    "--profile-server",
    metavar="PATH",
    type=click.Path(path_type=pathlib.Path),
    help="Write cProfiles of the control plane, to PATH.routes and others for each step.",
)
@click.pass_context
def scale(context: click.Context, /, **given: Any) -> None:
    """Changes, churn, reconnects and cold starts of a large mesh: times, CPU and memory."""
    if given.pop("quick"):
        given |= {
            name: value
            for name, value in _QUICK.items()
            if context.get_parameter_source(name) is ParameterSource.DEFAULT
        }
    options = Options(**given)
    if options.clients >= options.services * options.endpoints:
        raise click.UsageError(
            "Every client is a pod of a service: there must be more endpoints than clients."
        )
    figures = measure(options.load, options.plan)
    if options.one_port:
        size = msgspec.structs.replace(options.load.size, ports=1)
        figures["one_port"] = measure(msgspec.structs.replace(options.load, size=size), options.plan)
    if options.growth:
        figures["growth"] = grow(options.load, figures)
    click.echo(json.dumps(figures))


def grow(load: Load, known: Figures) -> list[Figures]:
    """The same for fewer and for more services and clients; `known`: the figures of `load` itself."""
    changes = min(_CHANGES_WHILE_GROWING, load.size.services)
    plan = Plan(changes=changes)
    alike = {name: known[name] for name in known if not isinstance(known[name], dict)}
    rows: list[Figures] = [{"services": load.size.services, "clients": load.clients, **alike}]
    for other in _others(load):
        row = {"services": other.size.services, "clients": other.clients}
        if not _has_memory(other):
            say(f"== {other.clients} clients: left out, this machine has not enough memory for them")
            continue
        rows.append({**row, **measure(other, plan)})
    return rows


def _others(load: Load) -> list[Load]:
    size = load.size
    services = [msgspec.structs.replace(size, services=int(size.services * factor)) for factor in _FACTORS]
    return [
        *(msgspec.structs.replace(load, size=each) for each in services),
        *(msgspec.structs.replace(load, clients=int(load.clients * factor)) for factor in _FACTORS),
    ]


def _has_memory(load: Load) -> bool:
    lines = Path("/proc/meminfo").read_text().splitlines()
    available = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    return available / 1024 > load.clients * _MB_PER_CLIENT + _MB_AT_LEAST
