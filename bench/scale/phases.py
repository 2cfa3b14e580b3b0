"""What is measured, one after the other: cold start, changes one at a time, churn, all reconnect."""

import itertools
import time
from collections.abc import Callable

import click
import msgspec

from bench.fleet.expecting import Met
from bench.fleet.processes import ask_all
from bench.fleet.report import percentile
from bench.scale.changes import Change
from bench.scale.running import Mesh, say

# Longer than changes are held off after one another.
_QUIET_SECONDS = 0.25
_SETTLED_SECONDS = 0.5


class Waited(msgspec.Struct, frozen=True):
    """What some changes cost. `cpu_s`: of the control plane, for each change; `fleet_cpu_s`: of the fleet."""

    latencies: tuple[float, ...]
    cpu_s: float
    fleet_cpu_s: float

    def __str__(self) -> str:
        p50, p99 = (percentile(self.latencies, share) * 1e3 for share in (0.5, 0.99))
        return (
            f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, worst {max(self.latencies) * 1e3:.0f} ms, "
            f"CPU {self.cpu_s * 1e3:.0f} ms (fleet {self.fleet_cpu_s * 1e3:.0f} ms)"
        )


class Started(msgspec.Struct, frozen=True):
    """A cold start in seconds since the process was started: until it serves, until all are configured."""

    ready_s: float
    configured_s: float
    cpu_s: float
    bytes_per_client: float
    peak_mb: float


class Churned(msgspec.Struct, frozen=True):
    """Many changes in a row. `first`, `last`: medians of the first and the last tenth."""

    latencies: tuple[float, ...]
    first: float
    last: float
    cores: float
    fleet_cores: float
    responses: int


class Reconnected(msgspec.Struct, frozen=True):
    """All clients came back: after how long, and what was sent to them again."""

    seconds: float
    resources: int
    cpu_s: float


def cold_start(mesh: Mesh, started: float) -> Started:
    """Wait until the control plane serves, then let all connect."""
    fleet = mesh.fleet_cpu_seconds()
    ready = mesh.server.ask("ready") - started
    say(f"  serves after {ready:.1f} s")
    configured = max(mesh.connect()) - started
    per_client = mesh.totals().bytes / mesh.load.clients
    result = Started(ready, configured, mesh.cpu_seconds(), per_client, mesh.peak_mb())
    say(
        f"  all {mesh.load.clients} configured after {configured:.1f} s, "
        f"CPU {result.cpu_s:.1f} s (fleet {mesh.fleet_cpu_seconds() - fleet:.1f} s), "
        f"{per_client / 1e6:.2f} MB a client, peak RSS {result.peak_mb:.0f} MB"
    )
    return result


def one_at_a_time(mesh: Mesh, name: str, make: Callable[[], Change], count: int) -> Waited:
    """Changes after quiet; the first two, which find everything cold, do not count."""
    latencies = []
    server = fleet = 0.0
    for number in range(-2, count):
        if number == 0:
            server, fleet = mesh.cpu_seconds(), mesh.fleet_cpu_seconds()
        latency = _time_change(mesh, make())
        if number >= 0:
            latencies.append(latency)
        time.sleep(_QUIET_SECONDS)
        if (number + 1) % 25 == 0 and 0 < number + 1 < count:
            say(f"  {name}: {number + 1} of {count}")
    spent = (mesh.cpu_seconds() - server) / count
    result = Waited(tuple(latencies), spent, (mesh.fleet_cpu_seconds() - fleet) / count)
    say(f"{name}: {result}")
    return result


def _time_change(mesh: Mesh, change: Change) -> float:
    ask_all(mesh.workers, "expect_facts", list(change.expectations))
    at = time.monotonic()
    mesh.send_line(change.line)
    met = _wait_met(mesh)
    if {each.number for each in met} != {each.number for each in change.expectations}:
        raise click.ClickException("A change did not reach every client.")
    return max(each.at for each in met) - at


def _wait_met(mesh: Mesh) -> list[Met]:
    """What all clients of all workers have, and when the last one had it."""
    by_number: dict[int, list[Met]] = {}
    for answer in ask_all(mesh.workers, "met", mesh.load.at_most * 0.9):
        for each in answer:
            by_number.setdefault(each.number, []).append(each)
    return [
        Met(number, max(each.at for each in found), clients)
        for number, found in by_number.items()
        if (clients := sum(each.clients for each in found)) == mesh.load.clients
    ]


def churn(mesh: Mesh, changes: list[Change], per_second: float) -> Churned:
    """Changes at a rate, whether those before have arrived or not; each one's time begins when it was due."""
    ask_all(mesh.workers, "expect_facts", [each for change in changes for each in change.expectations])
    server, fleet, before = mesh.cpu_seconds(), mesh.fleet_cpu_seconds(), mesh.totals()
    start = time.monotonic()
    due = [start + number / per_second for number in range(len(changes))]
    for at, change in zip(due, changes, strict=True):
        time.sleep(max(0.0, at - time.monotonic()))
        mesh.send_line(change.line)
    met = {each.number: each.at for each in _wait_met(mesh)}
    seconds = time.monotonic() - start
    server, fleet = mesh.cpu_seconds() - server, mesh.fleet_cpu_seconds() - fleet
    try:
        latencies = tuple(
            max(met[each.number] for each in change.expectations) - at
            for change, at in zip(changes, due, strict=True)
        )
    except KeyError:
        say(f"  {mesh.statistics()}")
        say(f"  {mesh.totals()}")
        missing = [each for change in changes for each in change.expectations if each.number not in met]
        raise click.ClickException(
            f"{len(missing)} of {len(changes)} changes did not reach every client in time; the first one "
            f"is of {missing[0].name}."
        ) from None
    tenth = max(1, len(latencies) // 10)
    result = Churned(
        latencies,
        percentile(latencies[:tenth], 0.5),
        percentile(latencies[-tenth:], 0.5),
        server / seconds,
        fleet / seconds,
        mesh.totals().responses - before.responses,
    )
    say(
        f"churn: {len(changes)} changes: p50 {percentile(latencies, 0.5) * 1e3:.0f} ms, "
        f"p99 {percentile(latencies, 0.99) * 1e3:.0f} ms; first tenth {result.first * 1e3:.0f} ms, "
        f"last {result.last * 1e3:.0f} ms; {result.cores:.2f} cores (fleet {result.fleet_cores:.2f}), "
        f"{result.responses} responses"
    )
    return result


def reconnect(mesh: Mesh) -> Reconnected:
    """All clients end their connections and open others, and say what they have."""
    before, spent, fleet = mesh.statistics(), mesh.cpu_seconds(), mesh.fleet_cpu_seconds()
    wanted = mesh.totals().requests_of_start
    start = time.monotonic()
    ask_all(mesh.workers, "reconnect")
    for _ in itertools.count():
        now = mesh.statistics()
        is_back = now.streams == mesh.load.clients == now.streams_opened - before.streams_opened
        if is_back and now.requests - before.requests >= wanted:
            break
        if time.monotonic() - start > mesh.load.at_most:
            raise click.ClickException(f"Of {mesh.load.clients} clients {now.streams} came back.")
        time.sleep(0.02)
    seconds = time.monotonic() - start
    time.sleep(_SETTLED_SECONDS)
    sent = mesh.statistics().resources_sent - before.resources_sent
    result = Reconnected(seconds, sent, mesh.cpu_seconds() - spent)
    say(
        f"reconnect: {seconds:.2f} s, {sent} resources sent again, "
        f"CPU {result.cpu_s:.1f} s (fleet {mesh.fleet_cpu_seconds() - fleet:.1f} s)"
    )
    return result
