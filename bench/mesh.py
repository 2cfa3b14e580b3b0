"""What a request costs: inside an application, from pod to pod, and from pod through a gateway to a pod.

Prints requests a second, latencies, and CPU time per request by who spent it. Figures are printed with the
ratio to the application alone, because machines are noisy and ratios less so.
"""

import asyncio
import functools
import os
from collections.abc import Awaitable, Callable

import click

from bench.http_load import LoadResult, run_load
from bench.processes import command, cpu_seconds, descendants, pss_kib
from bench.running import running_demo
from convoy.cli.local.sample_mesh import SampleMesh
from convoy.cli.pod_traffic import Dial

CONNECTIONS = 16


@click.command()
@click.option("--requests", type=int, default=20_000, help="Requests in each run.")
def mesh(requests: int) -> None:
    """Requests/s, p50, p99 and CPU per request: application alone, pod to pod, pod through gateway to pod."""
    asyncio.run(_run(requests))


async def _run(requests: int) -> None:
    async with running_demo() as demo:
        await demo.add_global_service("ratings", "240.0.0.4")
        await _compare(demo, requests)
        _print_memory()


async def _compare(demo: SampleMesh, requests: int) -> None:
    runs: tuple[tuple[str, Dial, str, str], ...] = (
        ("application alone", demo.dial_own("details-v1", 9080), "details:9080", "/details/0"),
        ("pod -> pod", demo.dial_from("productpage-v1", "details:9080"), "details:9080", "/details/0"),
        (
            "pod -> gateway -> pod",
            demo.dial_from("productpage-v1", "ratings:9080"),
            "ratings:9080",
            "/ratings/0",
        ),
    )
    click.echo(f"{'':24}{'req/s':>8}{'p50 ms':>9}{'p99 ms':>9}{'app us':>9}{'envoy us':>10}{'failed':>8}")
    for name, dial, host, path in runs:
        await _measure(dial, host, path, count=requests // 10)
        run = functools.partial(_measure, dial, host, path, count=requests)
        result, app, envoy = await _with_cpu(run)
        click.echo(
            f"{name:24}{result.rate:8.0f}"
            f"{result.percentile(0.5) * 1e3:9.2f}{result.percentile(0.99) * 1e3:9.2f}"
            f"{app / requests * 1e6:9.0f}{envoy / requests * 1e6:10.0f}{result.failures:8}"
        )


async def _measure(dial: Dial, host: str, path: str, *, count: int) -> LoadResult:
    sockets = [await dial() for _ in range(CONNECTIONS)]
    return await run_load(sockets, host=host, path=path, count=count)


async def _with_cpu(run: Callable[[], Awaitable[LoadResult]]) -> tuple[LoadResult, float, float]:
    """The result, and the CPU seconds that applications and Envoys spent meanwhile."""
    before = _cpu_by_role()
    result = await run()
    after = _cpu_by_role()
    return result, after["app"] - before["app"], after["envoy"] - before["envoy"]


def _cpu_by_role() -> dict[str, float]:
    spent = {"app": 0.0, "envoy": 0.0, "other": 0.0}
    for pid in descendants(os.getpid()):
        spent[_role(command(pid))] += cpu_seconds(pid)
    return spent


def _role(argv: list[str]) -> str:
    if argv and argv[0].endswith("envoy"):
        return "envoy"
    return "app" if any("bookinfo/src" in argument for argument in argv) else "other"


def _print_memory() -> None:
    sizes: dict[str, list[int]] = {}
    for pid in descendants(os.getpid()):
        argv = command(pid)
        role = next(
            (
                r
                for r in ("convoy.agent", "convoy.controlplane", "supervisor")
                if r in argv or any(r in a for a in argv)
            ),
            _role(argv),
        )
        sizes.setdefault(role, []).append(pss_kib(pid))
    for role, found in sorted(sizes.items()):
        click.echo(f"PSS {role:22}{len(found):4} processes{sum(found) / 1024:9.1f} MiB")
