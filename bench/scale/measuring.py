"""One mesh from its cold start to its last reconnect, and the figures of that."""

import itertools
import pathlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from bench.fleet.report import percentile
from bench.scale.changes import Changes
from bench.scale.phases import Waited, churn, cold_start, one_at_a_time, reconnect
from bench.scale.running import Load, Mesh, fleet_and_server, say

Figures = dict[str, Any]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured. `profile`: where to write what the control plane's time was spent on."""

    changes: int
    churn_per_second: float = 0
    churn_seconds: float = 0
    profile: pathlib.Path | None = None


def measure(load: Load, plan: Plan) -> Figures:
    """The figures of one mesh; without churn when the plan has none."""
    say(f"== {_about(load)}")
    with fleet_and_server(load) as (mesh, started):
        start = cold_start(mesh, started)
        changes = Changes(mesh)
        with _profiled(mesh, plan.profile, "routes"):
            routes = one_at_a_time(mesh, "VirtualService changed", changes.virtual_service, plan.changes)
        with _profiled(mesh, plan.profile, "pods"):
            pods = one_at_a_time(mesh, "pod added", changes.added_pod, plan.changes)
        figures = {**_of("vs_change", routes), **_of("endpoint_change", pods)}
        passing = list(
            itertools.islice(changes.passing_pods(), int(plan.churn_per_second * plan.churn_seconds))
        )
        if passing:
            with _profiled(mesh, plan.profile, "churn"):
                churned = churn(mesh, passing, plan.churn_per_second)
            figures["churn_p99_ms"] = _milliseconds(percentile(churned.latencies, 0.99))
            figures["churn_cpu_cores"] = round(churned.cores, 2)
        with _profiled(mesh, plan.profile, "reconnect"):
            back = reconnect(mesh)
        peak = mesh.peak_mb()
        say(f"peak RSS: {peak:.0f} MB")
    return {
        **figures,
        "reconnect_s": round(back.seconds, 2),
        "reconnect_resources": back.resources,
        "cold_start_s": round(start.configured_s, 2),
        "rss_peak_mb": round(peak, 1),
    }


def _about(load: Load) -> str:
    size = load.size
    return (
        f"{size.services} services on {size.ports} port{'s' * (size.ports != 1)}, "
        f"{size.endpoints} endpoints each, {size.namespaces} namespaces, {load.clients} clients"
    )


def _of(name: str, waited: Waited) -> Figures:
    return {
        f"{name}_p99_ms": _milliseconds(percentile(waited.latencies, 0.99)),
        f"{name}_cpu_s": round(waited.cpu_s, 4),
    }


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1e3, 1)


@contextmanager
def _profiled(mesh: Mesh, path: pathlib.Path | None, phase: str) -> Iterator[None]:
    if path is None:
        yield
        return
    mesh.server.ask("profile")
    yield
    mesh.server.ask("profiled", f"{path}.{phase}")
