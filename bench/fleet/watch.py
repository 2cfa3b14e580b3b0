"""The fleet against any ADS server: connect all, then tell of every wave of changes that arrives."""

import contextlib
import time
from collections.abc import Iterator

import click

from bench.fleet.client import Member
from bench.fleet.processes import Peer, ask_all, peer
from bench.fleet.report import kibibytes, milliseconds, spread
from bench.fleet.worker import Totals, run_worker


@contextlib.contextmanager
def fleet_of(members: list[Member], *, processes: int, patience: float) -> Iterator[list[Peer]]:
    """Worker processes that share some clients."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(peer(f"fleet-{n}", run_worker, members[n::processes], patience=patience))
            for n in range(processes)
        ]


def watch_server(
    address: str,
    members: list[Member],
    *,
    processes: int,
    seconds: float,
    at_most: float,
) -> None:
    """Print how long it takes to connect all, then what arrives during some seconds."""
    with fleet_of(members, processes=processes, patience=at_most) as workers:
        started = time.monotonic()
        for worker in workers:
            worker.tell("connect", address)
        try:
            times = [moment for worker in workers for moment in worker.answer()]
        except click.ClickException as error:
            raise click.ClickException(f"Not every client was configured at {address}. {error}") from error
        totals = sum(ask_all(workers, "totals"), Totals())
        click.echo(f"connect all   {spread(times, started)}")
        click.echo(
            f"  received    {totals.resources / len(members):.1f} resources, "
            f"{kibibytes(totals.bytes / len(members))} per client"
        )
        _tell_waves(workers, seconds, totals)


def _tell_waves(workers: list[Peer], seconds: float, before: Totals) -> None:
    """Print what was received between two quiet moments."""
    end = time.monotonic() + seconds
    start_of_wave, last, last_change = None, before, 0.0
    while time.monotonic() < end:
        time.sleep(0.05)
        now = sum(ask_all(workers, "totals"), Totals())
        if now.responses != last.responses or now.streams != last.streams:
            start_of_wave, last_change = start_of_wave or time.monotonic(), time.monotonic()
            last = now
        elif start_of_wave is not None and time.monotonic() - last_change > 1.0:
            click.echo(
                f"wave of {milliseconds(last_change - start_of_wave)}: "
                f"{last.responses - before.responses} responses, "
                f"{last.resources - before.resources} resources, "
                f"{last.removals - before.removals} removals, {kibibytes(last.bytes - before.bytes)}, "
                f"{last.streams - before.streams} new streams"
            )
            start_of_wave, before = None, last
