"""A Deployment behind a Service while it changes: nobody who calls the Service is let down."""

import asyncio
import json
from typing import Any

import pytest
from tests.cluster.kube.client import KubeApi, sleeper, teller
from tests.cluster.manifests import service

from convoy.cluster.client import World

pytestmark = [pytest.mark.world, pytest.mark.asyncio(loop_scope="module")]

_LOAD = """
import json, socket, threading, time, os
calls, pods, failures = 0, set(), []
def call():
    with socket.create_connection(("web", 80), 5) as sock:
        sock.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
        answer = b""
        while data := sock.recv(65536):
            answer += data
    return json.loads(answer.partition(b"\\r\\n\\r\\n")[2])["pod"]
def load():
    global calls
    while not os.path.exists("/tmp/enough"):
        try:
            pods.add(call())
        except Exception as error:
            failures.append(repr(error))
        calls += 1
threads = [threading.Thread(target=load) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps({"calls": calls, "pods": len(pods), "failures": failures}))
"""


def deployment(**spec: Any) -> dict[str, Any]:
    """Two pods of the program that tells who called."""
    template = teller("web")
    labels = {"labels": {"app": "web"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": labels, "spec": template["spec"]},
            **spec,
        },
    }


def is_complete(obj: dict[str, Any]) -> bool:
    """Whether a Deployment has only pods of its newest template, all of them available."""
    status = obj.get("status", {})
    return (
        status.get("observedGeneration") == obj["metadata"]["generation"]
        and status.get("replicas") == status.get("updatedReplicas") == status.get("availableReplicas")
        and status.get("updatedReplicas") == obj["spec"]["replicas"]
    )


@pytest.mark.parametrize("replicas", [1, 2])
async def test_a_restart_under_load_loses_no_request(world: World, one: KubeApi, replicas: int) -> None:
    await one.create(deployment(replicas=replicas), service("web"))
    await one.run(sleeper("client"))
    await one.wait("Deployment", "web", is_complete)
    await one.wait_endpoints("web", replicas)
    argv = ["python3", "-c", _LOAD]
    loading = asyncio.create_task(world.exec("one", "default", "client", argv, timeout=60))
    for number in range(2):
        annotations = {"restarted": str(number)}
        await one.patch(
            "Deployment", "web", {"spec": {"template": {"metadata": {"annotations": annotations}}}}
        )
        await one.wait("Deployment", "web", is_complete)
    await world.exec("one", "default", "client", ["touch", "/tmp/enough"])
    told = json.loads((await loading).stdout)
    await one.delete("Deployment", "web")
    await one.delete("Service", "web")
    await one.delete("Pod", "client")
    assert told["failures"] == []
    assert told["pods"] >= 3 * replicas - (replicas - 1)
    assert told["calls"] > 20
