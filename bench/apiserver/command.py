"""`python -m bench apiserver`: creates under watchers, whether every event arrives, and long lists."""

import asyncio
import http.client
import tempfile
import time
from pathlib import Path

import click

from bench.apiserver.clients import Creator, Watcher
from bench.apiserver.serving import ROUTES, serving
from bench.fleet.report import kibibytes, milliseconds, percentile
from bench.processes import cpu_seconds, pss_kib

_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
_LISTS = 15


@click.command()
@click.option("--objects", type=click.IntRange(1, 100_000), default=5000, show_default=True)
@click.option("--watchers", type=click.IntRange(0, 1000), default=50, show_default=True)
@click.option("--connections", type=click.IntRange(1, 256), default=16, show_default=True)
@click.option("--at-most", type=click.FloatRange(1, 600), default=120, help="Seconds to wait for any step.")
def apiserver(objects: int, watchers: int, connections: int, at_most: float) -> None:
    """The API server in one process, its clients in this one; goal: 1,000 creates/s and lists in 40 ms."""
    with tempfile.TemporaryDirectory(prefix="convoy-bench-") as folder, serving(Path(folder)) as (port, pid):
        asyncio.run(_measure_creates(port, objects, watchers, connections, at_most=at_most))
        click.echo(f"server: {cpu_seconds(pid):.1f} s CPU, PSS {kibibytes(pss_kib(pid) * 1024)}")
        _measure_list(port, "list, JSON", ROUTES, "application/json")
        _measure_list(port, "list, Table", ROUTES, _TABLE)
        _measure_list(port, "page of 500", f"{ROUTES}?limit=500", "application/json")
        _measure_list(port, "selecting none", f"{ROUTES}?labelSelector=app%3Dnone", "application/json")


async def _measure_creates(
    port: int, objects: int, watchers: int, connections: int, *, at_most: float
) -> None:
    loop = asyncio.get_running_loop()
    watching = [Watcher(objects, keeps=number == 0) for number in range(watchers)]
    for watcher in watching:
        await loop.create_connection(lambda watcher=watcher: watcher, "127.0.0.1", port)  # type: ignore[misc]
    async with asyncio.timeout(at_most):
        await asyncio.gather(*(watcher.is_ready for watcher in watching))
        numbers = iter(range(objects))
        creators = [Creator(numbers) for _ in range(connections)]
        start = time.monotonic()
        for creator in creators:
            await loop.create_connection(lambda creator=creator: creator, "127.0.0.1", port)  # type: ignore[misc]
        await asyncio.gather(*(creator.done for creator in creators))
        created = time.monotonic()
        await asyncio.gather(*(watcher.done for watcher in watching))
    latencies = [latency for creator in creators for latency in creator.latencies]
    failures = sum(creator.failures for creator in creators)
    click.echo(
        f"{len(latencies) / (created - start):.0f} creates/s with {watchers} watchers on {connections}"
        f" connections, {failures} failed; p50 {milliseconds(percentile(latencies, 0.5))},"
        f" p99 {milliseconds(percentile(latencies, 0.99))}"
    )
    if watching:
        _report_events(watching, objects, created)


def _report_events(watching: list[Watcher], objects: int, created: float) -> None:
    whole = sum(watcher.seen == objects for watcher in watching)
    last = max(watcher.last_at for watcher in watching)
    click.echo(
        f"every event reached {whole} of {len(watching)} watchers; one that kept them saw"
        f" {len(watching[0].names())} different objects; the last event came"
        f" {milliseconds(max(0.0, last - created))} after the last answer"
    )


def _measure_list(port: int, name: str, path: str, accept: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    times, size = [], 0
    for _ in range(_LISTS):
        start = time.monotonic()
        connection.request("GET", path, headers={"Accept": accept})
        size = len(connection.getresponse().read())
        times.append(time.monotonic() - start)
    connection.close()
    first, p50 = milliseconds(times[0]), milliseconds(percentile(times, 0.5))
    click.echo(f"{name}: {kibibytes(size)}, first {first}, p50 {p50}, worst {milliseconds(max(times))}")
