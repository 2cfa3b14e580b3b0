"""The fleet against Convoy's own server: connect all, then one change of each kind, then a restart."""

import click

from bench.fleet.built import CHANGES
from bench.fleet.client import Member
from bench.fleet.identity import NODE_PATTERN, new_certificates
from bench.fleet.processes import Peer, ask_all, peer
from bench.fleet.report import kibibytes, milliseconds, spread
from bench.fleet.server import Figures, run_server
from bench.fleet.watch import fleet_of
from bench.fleet.worker import Totals


def measure_own_server(*, clients: int, services: int, processes: int, tls: bool, at_most: float) -> None:
    """Print how the server does with so many clients and services."""
    server_certificate, client_tls = new_certificates() if tls else (None, None)
    with peer("server", run_server, clients, services, server_certificate, patience=at_most) as server:
        address = f"127.0.0.1:{server.ask('listen')}"
        members = [Member(NODE_PATTERN.format(n=n), client_tls) for n in range(clients)]
        with fleet_of(members, processes=processes, patience=at_most) as workers:
            secured = "mutual TLS" if tls else "plain text"
            click.echo(f"{clients} clients in {processes} processes, {services} services, {secured}")
            _connect_all(server, workers, clients, address)
            for kind in CHANGES:
                _change(server, workers, kind, clients)
            _restart(server, workers, clients)


def _connect_all(server: Peer, workers: list[Peer], clients: int, address: str) -> None:
    before: Figures = server.ask("figures")
    started = server.ask("wait_streams", 0)
    times = [time for answer in ask_all(workers, "connect", address) for time in answer]
    after: Figures = server.ask("figures")
    totals = sum(ask_all(workers, "totals"), Totals())
    click.echo(f"connect all        {spread(times, started)}")
    click.echo(
        f"  received         {totals.resources / clients:.0f} resources, "
        f"{kibibytes(totals.bytes / clients)} per client"
    )
    _print_cost(before, after, clients)
    grown = (after.rss_kib - before.rss_kib) * 1024 / clients
    click.echo(
        f"  server memory    RSS {after.rss_kib / 1024:.0f} MiB, PSS {after.pss_kib / 1024:.0f} MiB, "
        f"grown by {kibibytes(grown)} (RSS) per client"
    )


def _change(server: Peer, workers: list[Peer], kind: str, clients: int) -> None:
    expected, build_ms = server.ask("change", kind)
    ask_all(workers, "expect", expected)
    received = sum(ask_all(workers, "totals"), Totals())
    before: Figures = server.ask("figures")
    applied = server.ask("apply")
    times = [time for answer in ask_all(workers, "had") for time in answer]
    after: Figures = server.ask("figures")
    totals = sum(ask_all(workers, "totals"), Totals())
    click.echo(f"{kind:<19}{spread(times, applied)}, after {build_ms:.0f} ms to resolve and build")
    click.echo(
        f"  received         {(totals.resources - received.resources) / clients:.1f} resources, "
        f"{(totals.removals - received.removals) / clients:.1f} removals, "
        f"{kibibytes((totals.bytes - received.bytes) / clients)} per client"
    )
    _print_cost(before, after, clients)


def _restart(server: Peer, workers: list[Peer], clients: int) -> None:
    restarted = server.ask("restart")
    back = server.ask("wait_streams", clients)
    server.ask("wait_streams", clients)
    figures: Figures = server.ask("figures")
    statistics = figures.statistics
    click.echo(f"server restarted   all back after {milliseconds(back - restarted)}")
    click.echo(
        f"  sent             {statistics.resources_sent} resources, {statistics.removals_sent} removals, "
        f"{statistics.requests} requests heard"
    )


def _print_cost(before: Figures, after: Figures, clients: int) -> None:
    spent = after.cpu_seconds - before.cpu_seconds
    pushes = after.statistics.responses - before.statistics.responses
    joined = after.statistics.bodies_joined - before.statistics.bodies_joined
    click.echo(
        f"  server CPU       {milliseconds(spent)} in all, {1e6 * spent / max(pushes, 1):.0f} us per push, "
        f"{pushes} pushes from {joined} bodies"
    )
