"""How long after a file changed does the first request follow it? p50, p99 and the worst of many changes."""

import asyncio
import time

import click

from bench.running import milliseconds_of, running_demo
from convoy.cli.local.sample_mesh import SampleMesh
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
    async with running_demo() as demo:
        times = [await _time_change(demo, number) for number in range(count)]
    click.echo(f"{count} changes: {milliseconds_of(times)}")


async def _time_change(demo: SampleMesh, number: int) -> float:
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
