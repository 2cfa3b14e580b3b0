"""Where applications reach a ServiceEntry: `addresses`, automatic ones, networks, ports and protocols."""

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

ADDRESSED = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: addressed, namespace: default}
spec:
  hosts: [addressed.example.test]
  addresses: [240.1.1.1, 240.1.1.2/32]
  resolution: STATIC
  ports: [{number: 7799, name: tcp, protocol: TCP, targetPort: 9000}]
  endpoints: [{address: 198.18.1.41}]
"""


@fields("ServiceEntry", "addresses", "ports.targetPort")
async def test_a_written_address_is_answered_by_dns_and_taken_by_the_proxy(lab: Lab) -> None:
    async with lab.applied(ADDRESSED):
        assert await lab.resolve("client", "addressed.example.test") == ["240.1.1.1", "240.1.1.2"]
        for address in ("240.1.1.1", "240.1.1.2"):
            assert await lab.line("client", address, 7799) == "outside hello"


AUTOMATIC = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: automatic, namespace: default}
spec:
  hosts: [first.example.test, second.example.test]
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP}]
  endpoints: [{address: 198.18.1.41}]
"""


@fields("ServiceEntry", "hosts")
async def test_a_host_without_address_is_given_one_that_stays(lab: Lab) -> None:
    async with lab.applied(AUTOMATIC):
        hosts = ("first.example.test", "second.example.test")
        given = [await lab.resolve("client", host) for host in hosts]
        assert all(len(one) == 1 and one[0].startswith("240.240.") for one in given)
        assert given[0] != given[1]
        answers = [await lab.get("client", f"http://{host}/") for host in hosts]
        assert [answer.seen.host for answer in answers] == list(hosts)
    other = AUTOMATIC.replace("first.example.test, ", "").replace("name: automatic", "name: anew")
    async with lab.applied(other):
        assert await lab.resolve("client", "second.example.test") == given[1]


NETWORK = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: network, namespace: default}
spec:
  hosts: [network.example.test]
  addresses: [198.18.1.40/30]
  resolution: NONE
  ports: [{number: 7799, name: tcp, protocol: TCP, targetPort: 9000}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: wide, namespace: default}
spec:
  hosts: [wide.example.test]
  addresses: [198.18.1.0/24]
  resolution: STATIC
  ports: [{number: 7799, name: tcp, protocol: TCP}, {number: 7788, name: any}]
  endpoints: [{address: 198.18.1.21, ports: {tcp: 9000, any: 8000}}]
"""


@fields("ServiceEntry", "addresses", "resolution = STATIC")
async def test_a_network_takes_every_address_in_it_and_the_narrowest_counts(lab: Lab) -> None:
    async with lab.applied(NETWORK):
        assert await lab.line("client", "198.18.1.41", 7799) == "outside hello"
        assert await lab.line("client", "198.18.1.99", 7799) == "echo-v1 hello"
        answer = await lab.get("client", "http://wide.example.test:7788/", at="198.18.1.98")
        assert answer.pod == "echo-v1"
        assert await lab.line("client", "198.18.2.1", 7799) == ""


PROTOCOLS = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: protocols, namespace: default}
spec:
  hosts: [protocols.example.test]
  resolution: STATIC
  ports:
  - {number: 80, name: requests, protocol: HTTP}
  - {number: 8000, name: bytes, protocol: TCP}
  - {number: 7000, name: found-out}
  endpoints: [{address: 198.18.1.41, ports: {found-out: 80}}]
"""


@fields("ServiceEntry", "ports.protocol", "ports.name", "endpoints.ports")
async def test_a_protocol_says_whether_requests_are_told_apart(lab: Lab) -> None:
    async with lab.applied(PROTOCOLS):
        answers = {
            port: await lab.get("client", f"http://protocols.example.test:{port}/")
            for port in (80, 8000, 7000)
        }
    assert [answer.pod for answer in answers.values()] == ["outside"] * 3
    told = {port: "x-envoy-attempt-count" in answer.seen.headers for port, answer in answers.items()}
    routed = {port: answer.headers.get("server") == "envoy" for port, answer in answers.items()}
    assert routed == {80: True, 8000: False, 7000: True}, told
