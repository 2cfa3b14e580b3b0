"""What a ServiceEntry says of its endpoints, and what of who they are."""

import asyncio

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC
V1, V2, CLIENT = "198.18.1.21", "198.18.1.22", "spiffe://cluster.local/ns/default/sa/client"
HOST = "http://listed.example.test/"


def entry(endpoints: str, *, more: str = "") -> str:
    return f"""\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: listed, namespace: default}}
spec:
  hosts: [listed.example.test]
  resolution: STATIC
  ports: [{{number: 80, name: http, protocol: HTTP, targetPort: 8000}}]
  endpoints:
{endpoints}
{more}
"""


SUBSETS = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: listed, namespace: default}
spec:
  host: listed.example.test
  subsets:
  - {name: second, labels: {which: second}}
  - {name: far, labels: {topology.kubernetes.io/region: far}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: listed, namespace: default}
spec:
  hosts: [listed.example.test]
  http:
  - match: [{uri: {prefix: /second}}]
    route: [{destination: {host: listed.example.test, subset: second}}]
  - match: [{uri: {prefix: /far}}]
    route: [{destination: {host: listed.example.test, subset: far}}]
  - route: [{destination: {host: listed.example.test}}]
"""
TOLD_APART = entry(f"""\
  - {{address: {V1}, locality: far/away, labels: {{which: first}}}}
  - {{address: {V2}, locality: near/by, labels: {{which: second}}}}
""")


@fields("ServiceEntry", "endpoints.labels", "endpoints.locality")
async def test_subsets_choose_by_labels_and_by_locality(lab: Lab) -> None:
    async with lab.applied(TOLD_APART, SUBSETS):
        assert await lab.many("client", f"{HOST}second", 12) == {"echo-v2": 12}
        assert await lab.many("client", f"{HOST}far", 12) == {"echo-v1": 12}
        assert set(await lab.many("client", HOST, 40)) == {"echo-v1", "echo-v2"}


@fields("ServiceEntry", "endpoints.weight")
async def test_weights_share_requests(lab: Lab) -> None:
    async with lab.applied(entry(f"  - {{address: {V1}, weight: 1}}\n  - {{address: {V2}, weight: 9}}\n")):
        found = await lab.many("client", HOST, 200)
    # A tenth of 200: below 3 or above 55 has a chance of less than 1 in 10 million; a half is above 55.
    assert 3 <= found["echo-v1"] <= 55
    assert found.total() == 200


@fields("ServiceEntry", "endpoints.network")
async def test_endpoints_of_another_network_are_for_those_who_look_at_it(lab: Lab) -> None:
    async with lab.applied(entry(f"  - {{address: {V1}}}\n  - {{address: {V2}, network: elsewhere}}\n")):
        assert await lab.many("client", HOST, 20) == {"echo-v1": 20}


def in_mesh(endpoint: str, more: str = "") -> str:
    return entry(f"  - {{address: {V1}, {endpoint}}}\n", more=f"  location: MESH_INTERNAL\n{more}")


@fields("ServiceEntry", "location = MESH_INTERNAL", "endpoints.serviceAccount")
async def test_an_account_inside_the_mesh_is_met_with_mutual_tls(lab: Lab) -> None:
    async with lab.applied(in_mesh("serviceAccount: echo-v1")):
        answer = await lab.get("client", HOST)
        assert CLIENT in answer.seen.headers.get("x-forwarded-client-cert", "")
    async with lab.applied(in_mesh("serviceAccount: somebody")):
        assert (await lab.get("client", HOST)).status == 503
    async with lab.applied(entry(f"  - {{address: {V1}, serviceAccount: echo-v1}}\n")):
        answer = await lab.get("client", HOST)
        assert (answer.status, answer.seen.headers.get("x-forwarded-client-cert")) == (200, None)


@fields("ServiceEntry", "subjectAltNames")
async def test_stated_names_are_demanded_of_the_server(lab: Lab) -> None:
    account = "spiffe://cluster.local/ns/default/sa"
    trusted = f"  subjectAltNames: [{account}/other, {account}/echo-v1]"
    async with lab.applied(in_mesh("labels: {security.istio.io/tlsMode: istio}", trusted)):
        answer = await lab.get("client", HOST)
        assert CLIENT in answer.seen.headers.get("x-forwarded-client-cert", "")
    async with lab.applied(in_mesh("serviceAccount: echo-v1", f"  subjectAltNames: [{account}/other]")):
        assert (await lab.get("client", HOST)).status == 503


LISTEN = """\
import socket
with socket.socket(socket.AF_UNIX) as listening:
    listening.bind("\\0lab-socket")
    listening.listen()
    print("ready", flush=True)
    sock, _ = listening.accept()
    with sock:
        sock.recv(65536)
        sock.sendall(b"HTTP/1.1 200 OK\\r\\ncontent-length: 6\\r\\nconnection: close\\r\\n\\r\\nsocket")
"""


@fields("ServiceEntry", "endpoints.address")
async def test_a_socket_of_the_pod_may_be_an_endpoint(lab: Lab) -> None:
    argv = ["timeout", "10", "python", "-c", LISTEN]
    async with lab.applied(entry("  - {address: 'unix://@lab-socket'}\n")):
        serving = asyncio.create_task(lab.local.world.exec("lab", "default", "client", argv))
        for _ in range(100):
            answer = await lab.get("client", HOST)
            if answer.status == 200:
                break
            await asyncio.sleep(0.05)
        assert (answer.status, answer.body) == (200, b"socket")
        assert (await serving).rc == 0
