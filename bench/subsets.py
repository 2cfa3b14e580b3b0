"""Under 200 requests/s, one file change after the other adds a subset and moves the route to it.

Prints how long each change took until productpage's Envoy had the route, and how many requests failed.
"""

import asyncio
import time

import click

from bench.running import milliseconds_of, running_demo
from convoy.cli.local.sample_mesh import SampleMesh
from convoy.cli.pod_traffic import Request, SteadyLoad, ask, over

RATE = 200
ENVOY_ADMIN = 15000
GIVE_UP_SECONDS = 10.0
RULES = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: reviews}}
spec:
  host: reviews.default.svc.cluster.local
  trafficPolicy: {{tls: {{mode: ISTIO_MUTUAL}}}}
  subsets:
  - {{name: s{number}, labels: {{version: v1}}}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: reviews}}
spec:
  hosts: [reviews.default.svc.cluster.local]
  http:
  - name: r{number}
    route:
    - destination: {{host: reviews.default.svc.cluster.local, subset: s{number}}}
"""


@click.command()
@click.option("--changes", type=int, default=100)
def subsets(changes: int) -> None:
    """New subsets under load: time until each is in force, and failed requests."""
    asyncio.run(_run(changes))


async def _run(count: int) -> None:
    async with running_demo() as demo:
        (demo.local.clusters["cluster1"].folder / "reviews-virtual-service.yaml").unlink()
        request = Request("reviews:9080", "/reviews/0")
        async with SteadyLoad(demo.dial_from("productpage-v1", request.host), request, rate=RATE) as load:
            times = [await _time_change(demo, number) for number in range(count)]
    failed = f"{len(load.failures())} of {len(load.replies)} requests failed"
    click.echo(f"{count} changes under {RATE} requests/s: {milliseconds_of(times)}; {failed}")


async def _time_change(demo: SampleMesh, number: int) -> float:
    start = time.monotonic()
    demo.write_file("cluster1", "reviews-destination-rule.yaml", RULES.format(number=number))
    sock = await demo.local.world.dial("cluster1", "default", "productpage-v1", ENVOY_ADMIN)
    connection = over(sock)
    dump = Request("envoy", "/config_dump?resource=dynamic_route_configs")
    try:
        while time.monotonic() < start + GIVE_UP_SECONDS:
            reply = await asyncio.to_thread(ask, connection, dump)
            if f'"r{number}"'.encode() in reply.body:
                return reply.at - start
            await asyncio.sleep(0.005)
    finally:
        connection.close()
    raise click.ClickException(f"change {number} was not in force within {GIVE_UP_SECONDS:.0f} s")
