"""Headless Services: their names are those of pods, and what is sent to a pod is traffic of the mesh."""

from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

# Under STRICT nothing but traffic of the mesh is let in.
PEERS = """\
apiVersion: v1
kind: Service
metadata: {name: peers, namespace: default}
spec:
  clusterIP: None
  selector: {app: echo, version: v1}
  ports:
  - {name: http, port: 8000}
  - {name: web, port: 8001}
  - {name: https, port: 8443}
  - {name: tcp-lines, port: 9000}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: default}
spec: {mtls: {mode: STRICT}}
"""
POD = "198.18.1.21"


async def test_pods_are_called_by_the_service_s_name_by_their_own_and_by_address(lab: Lab) -> None:
    async with lab.applied(PEERS):
        assert await lab.resolve("client", "peers") == [POD]
        for host in ("peers", "pod-0.peers.default.svc.cluster.local", "pod-0.peers", POD):
            for port in (8000, 8001):
                answer = await lab.get("client", f"http://{host}:{port}/", at=POD)
                assert (answer.status, answer.pod) == (200, "echo-v1"), (host, port)
                assert "sa/client" in answer.seen.headers["x-forwarded-client-cert"]
        assert (await lab.get("client", "https://peers:8443/")).pod == "echo-v1"


async def test_bytes_go_to_the_pod_that_was_dialled(lab: Lab) -> None:
    async with lab.applied(PEERS):
        assert await lab.line("client", POD, 9000) == "echo-v1 hello"
        assert await lab.line("client", "peers", 9000) == "echo-v1 hello"
        assert await lab.line("outside", POD, 9000) == ""
