"""`python -m bench scale`: options in, progress and figures out; the last line is one JSON object."""

import itertools
import json
import pathlib
from typing import Any

import click
import msgspec

from bench.fleet.report import percentile
from bench.scale.changes import Changes
from bench.scale.phases import Waited, churn, cold_start, one_at_a_time, reconnect
from bench.scale.running import Load, fleet_and_server, say
from bench.synthetic.manifests import Size


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    changes: int
    churn_per_second: float
    churn_seconds: float
    profile: pathlib.Path | None = None


@click.command()
@click.option("--services", type=click.IntRange(1, 20_000), default=1_000, show_default=True)
@click.option("--ports", type=click.IntRange(1), default=20, show_default=True)
@click.option("--endpoints", type=click.IntRange(1), default=5, show_default=True)
@click.option("--namespaces", type=click.IntRange(1), default=10, show_default=True)
@click.option("--clients", type=click.IntRange(1), default=1_000, show_default=True)
@click.option("--changes", type=click.IntRange(1), default=100, show_default=True)
@click.option("--churn-per-second", type=click.FloatRange(0.1), default=100, show_default=True)
@click.option("--churn-seconds", type=click.FloatRange(0), default=60, show_default=True)
@click.option("--one-port/--no-one-port", default=True, show_default=True)
@click.option("--processes", type=click.IntRange(1), default=2, show_default=True, help="For the clients.")
@click.option("--at-most", type=click.FloatRange(1), default=600, help="Seconds to wait for any step.")
@click.option("--log-level", default="error")
@click.option(
    "--profile-server",
    type=click.Path(dir_okay=False, path_type=pathlib.Path),
    help="Write a cProfile of the control plane while it takes changes one at a time.",
)
def scale(
    services: int,
    ports: int,
    endpoints: int,
    namespaces: int,
    clients: int,
    changes: int,
    churn_per_second: float,
    churn_seconds: float,
    one_port: bool,
    processes: int,
    at_most: float,
    log_level: str,
    profile_server: pathlib.Path | None,
) -> None:
    """Changes, churn, reconnects and cold starts of a large mesh: times, CPU and memory."""
    size = Size(services=services, ports=ports, endpoints=endpoints, namespaces=namespaces)
    load = Load(size=size, clients=clients, processes=processes, at_most=at_most, log_level=log_level)
    plan = Plan(
        changes=changes,
        churn_per_second=churn_per_second,
        churn_seconds=churn_seconds,
        profile=profile_server,
    )
    figures = measure(load, plan)
    if one_port:
        one = msgspec.structs.replace(load, size=msgspec.structs.replace(size, ports=1))
        figures["one_port"] = measure(one, plan)
    click.echo(json.dumps(figures))


def measure(load: Load, plan: Plan) -> dict[str, Any]:
    """The figures of one mesh."""
    size = load.size
    say(
        f"== {size.services} services on {size.ports} ports, {size.endpoints} endpoints each, "
        f"{size.namespaces} namespaces, {load.clients} clients"
    )
    with fleet_and_server(load) as (mesh, started):
        start = cold_start(mesh, started)
        changes = Changes(mesh)
        if plan.profile:
            mesh.server.ask("profile")
        routes = one_at_a_time(mesh, "VirtualService changed", changes.virtual_service, plan.changes)
        pods = one_at_a_time(mesh, "pod added", changes.added_pod, plan.changes)
        if plan.profile:
            mesh.server.ask("profiled", str(plan.profile))
        count = int(plan.churn_per_second * plan.churn_seconds)
        figures = {
            **_of("vs_change", routes),
            **_of("endpoint_change", pods),
        }
        if count:
            passing = list(itertools.islice(changes.passing_pods(), count))
            churned = churn(mesh, passing, plan.churn_per_second)
            figures["churn_p99_ms"] = _ms(percentile(churned.latencies, 0.99))
            figures["churn_cpu_cores"] = round(churned.cores, 2)
        back = reconnect(mesh)
        peak = mesh.peak_mb()
        say(f"peak RSS {peak:.0f} MB")
    return {
        **figures,
        "reconnect_s": round(back.seconds, 2),
        "reconnect_resources": back.resources,
        "cold_start_s": round(start.configured_s, 2),
        "rss_peak_mb": round(peak, 1),
    }


def _of(name: str, waited: Waited) -> dict[str, float]:
    return {
        f"{name}_p99_ms": _ms(percentile(waited.latencies, 0.99)),
        f"{name}_cpu_s": round(waited.cpu_s, 4),
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1e3, 1)
