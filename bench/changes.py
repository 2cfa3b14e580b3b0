"""How long after a file changed does the first request follow it? p50, p99 and the worst of many changes."""

import asyncio
import tempfile
import time
from pathlib import Path

import click

from convoy.cli.demo.command import SAMPLES
from convoy.cli.demo.mesh import DemoMesh
from convoy.cli.demo.play import demo_mesh
from convoy.cli.pod_traffic import Request, ask, over

ROUTE_TO = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: reviews}}
spec:
  hosts: [reviews.default.svc.cluster.local]
  http:
  - route:
    - destination: {{host: {host}, subset: {subset}}}
"""
TARGETS = (("reviews.default.svc.cluster.local", "v1"), ("reviews.default.global", "v2"))
GIVE_UP_SECONDS = 10.0


@click.command()
@click.option("--changes", type=int, default=100)
def changes(changes: int) -> None:
    """Time from a changed file to the first request that follows it."""
    asyncio.run(_run(changes))


async def _run(count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="convoy-bench-") as state:
        async with demo_mesh(SAMPLES, Path(state), progress=lambda text: click.echo(f"... {text}")) as local:
            demo = await DemoMesh.open(local, SAMPLES)
            times = sorted([await _time_change(demo, number) for number in range(count)])
    p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    click.echo(
        f"{count} changes: p50 {p50 * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms, worst {times[-1] * 1e3:.0f} ms"
    )


async def _time_change(demo: DemoMesh, number: int) -> float:
    host, subset = TARGETS[(number + 1) % 2]
    sock = await demo.dial_from("productpage-v1", "reviews:9080")()
    await asyncio.sleep(0.2)  # a change after quiet, as a person makes it
    with sock:
        start = time.monotonic()
        demo.write_file("cluster1", "reviews-virtual-service.yaml", ROUTE_TO.format(host=host, subset=subset))
        followed = await asyncio.to_thread(_wait_served, sock, f"reviews-{subset}")
    return followed - start


def _wait_served(sock: object, pod: str) -> float:
    connection = over(sock)  # type: ignore[arg-type]
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < deadline:
        reply = ask(connection, Request("reviews:9080", "/reviews/0"))
        if reply.status == 200 and reply.json()["podname"] == pod:
            return reply.at
    raise click.ClickException(f"no request followed the change within {GIVE_UP_SECONDS:.0f} s")
