"""Egress listeners with a port, and at addresses of their own."""

from tests.traffic.configuring import CLUSTER
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

OTHER = """\
apiVersion: v1
kind: Service
metadata: {name: visited, namespace: other}
spec:
  clusterIP: 198.18.129.131
  selector: {app: visitor}
  ports:
  - {name: http, port: 8000}
  - {name: http-alt, port: 8080, targetPort: 8000}
  - {name: tcp, port: 7799, targetPort: 9000}
"""
BY_PORT = """\
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: by-port, namespace: default}
spec:
  egress:
  - {port: {number: 8000, protocol: HTTP, name: http}, hosts: [other/*]}
  - {hosts: ["*/*"]}
  outboundTrafficPolicy: {mode: REGISTRY_ONLY}
"""


@fields("Sidecar", "egress.port.number")
async def test_a_port_belongs_to_the_listener_that_names_it(lab: Lab) -> None:
    async with lab.applied(OTHER, BY_PORT):
        assert (await lab.get("client", "http://visited.other:8000/", at="198.18.129.131")).pod == "visitor"
        assert (await lab.get("client", "http://echo:8000/", at="198.18.129.21")).status == 502
        assert (await lab.get("client", "http://echo:8001/", at="198.18.129.21")).status == 200


AS_BYTES = """\
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: as-bytes, namespace: default}
spec:
  egress:
  - {port: {number: 8000, protocol: TCP, name: tcp}, hosts: [default/*]}
"""


@fields("Sidecar", "egress.port.protocol")
async def test_the_listener_says_what_is_spoken(lab: Lab) -> None:
    # As HTTP nobody would have this host; bytes go where they were dialled.
    unknown = {"url": "http://no.such.host:8000/", "at": "198.18.129.21"}
    async with lab.applied(
        AS_BYTES.replace("TCP", "HTTP").replace(
            "egress:", "outboundTrafficPolicy: {mode: REGISTRY_ONLY}\n  egress:"
        )
    ):
        assert (await lab.get("client", **unknown)).status == 502
    async with lab.applied(AS_BYTES):
        assert (await lab.get("client", **unknown)).pod.startswith("echo-")


@fields("Sidecar", "egress.port.name")
async def test_a_name_says_what_is_spoken_where_no_protocol_does(lab: Lab) -> None:
    refusing = AS_BYTES.replace("egress:", "outboundTrafficPolicy: {mode: REGISTRY_ONLY}\n  egress:")
    unknown = {"url": "http://no.such.host:8000/", "at": "198.18.129.21"}
    async with lab.applied(refusing.replace("protocol: TCP, name: tcp", "name: tcp-any")):
        assert (await lab.get("client", **unknown)).pod.startswith("echo-")
    async with lab.applied(refusing.replace("protocol: TCP, name: tcp", "name: http-any")):
        assert (await lab.get("client", **unknown)).status == 502


BOUND = """\
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: bound, namespace: default}
spec:
  workloadSelector: {labels: {app: client}}
  egress:
  - port: {number: 8080, protocol: HTTP, name: http}
    bind: 127.0.0.1
    captureMode: NONE
    hosts: [other/*]
  - port: {number: 7799, protocol: TCP, name: lines}
    captureMode: NONE
    hosts: [other/*]
  - port: {number: 8000, protocol: HTTP, name: captured}
    bind: 198.18.129.200
    captureMode: IPTABLES
    hosts: [other/*]
  - port: {number: 0, protocol: HTTP, name: socket}
    bind: unix://@mesh
    hosts: [other/*]
  - {hosts: ["default/*"]}
"""
OVER_SOCKET = """\
import http.client, socket
made = http.client.HTTPConnection("mesh")
made.sock = socket.socket(socket.AF_UNIX)
made.sock.connect("\\0mesh")
for host in ("visited.other", "visited.other:8080", "echo.default:8000"):
    made.request("GET", "/", headers={"Host": host})
    answer = made.getresponse()
    print(host, answer.status, b"visitor" in answer.read())
"""


@fields("Sidecar", "egress.bind", "egress.captureMode")
async def test_listeners_have_addresses_of_their_own(lab: Lab) -> None:
    async with lab.applied(OTHER, BOUND):
        answer = await lab.get("client", "http://visited.other:8080/", at="127.0.0.1")
        assert (answer.pod, answer.seen.host) == ("visitor", "visited.other:8080")
        assert (await lab.get("client", "http://echo.default:8080/", at="127.0.0.1")).status == 502
        assert await lab.line("client", "127.0.0.1", 7799) == "visitor hello"
        assert (await lab.get("client", "http://visited.other:8000/", at="198.18.129.200")).pod == "visitor"
        told = await lab.local.world.exec(CLUSTER, "default", "client", ["python", "-c", OVER_SOCKET])
        assert told.stdout.decode().splitlines() == [
            "visited.other 200 True",
            "visited.other:8080 200 True",
            "echo.default:8000 502 False",
        ]


NO_PORT = """\
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: every-port, namespace: default}
spec:
  workloadSelector: {labels: {app: client}}
  egress:
  - {bind: 198.18.129.201, hosts: [other/*]}
"""


@fields("Sidecar", "egress.bind")
async def test_an_address_without_a_port_has_those_of_the_services(lab: Lab) -> None:
    async with lab.applied(OTHER, NO_PORT):
        for port in (8000, 8080):
            answer = await lab.get("client", f"http://visited.other:{port}/", at="198.18.129.201")
            assert (answer.pod, answer.seen.host) == ("visitor", f"visited.other:{port}")
        assert await lab.line("client", "198.18.129.201", 7799) == "visitor hello"
