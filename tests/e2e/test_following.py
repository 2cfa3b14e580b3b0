"""A pod added to a cluster's folder runs in the mesh; removed, it is gone."""

import asyncio
import time

from tests.e2e.observing import ObservedMesh
from tests.e2e.playground import MARKS

from convoy.cli.pod_traffic import Request, ask_once

pytestmark = MARKS

OWN_SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: own}
spec:
  clusterIP: 198.18.129.77
  ports: [{name: http, port: 8000}]
  selector: {app: own}
---
apiVersion: v1
kind: Pod
metadata:
  name: own-v1
  labels: {app: own}
spec:
  containers:
  - name: own
    image: own
    command: [python3, -m, http.server, --directory, /tmp, "8000"]
    readinessProbe: {tcpSocket: {port: 8000}, periodSeconds: 1}
status: {podIP: 198.18.1.77}
"""


async def test_a_pod_of_ones_own_joins_and_leaves(mesh: ObservedMesh) -> None:
    mesh.write_file("cluster1", "own.yaml", OWN_SERVICE)
    await _wait_pods(mesh, "own-v1", present=True)
    reply = await mesh.ask_until_ok("productpage-v1", "198.18.129.77:8000", Request("own:8000"))
    assert reply.headers["server"] == "envoy"
    (mesh.folder("cluster1") / "own.yaml").unlink()
    await _wait_pods(mesh, "own-v1", present=False)
    await _wait_not_ok(mesh)


async def _wait_pods(mesh: ObservedMesh, name: str, *, present: bool) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        ready = {pod.name for pod in await mesh.local.world.pods("cluster1") if pod.ready}
        if (name in ready) is present:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"pod {name} did not {'become ready' if present else 'go'}")


async def _wait_not_ok(mesh: ObservedMesh) -> None:
    deadline = time.monotonic() + 10
    dial = mesh.dial_from("productpage-v1", "198.18.129.77:8000")
    while (await ask_once(dial, Request("own:8000"))).status == 200:
        assert time.monotonic() < deadline, "the removed pod still answers"
        await asyncio.sleep(0.05)
