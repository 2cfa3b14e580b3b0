"""Several services on one port, none of which has an address by which to tell it."""

from tests.traffic.lab import TRAFFIC, Lab, Tls

pytestmark = TRAFFIC


def entry(name: str, host: str, protocol: str, endpoint: str, port: int) -> str:
    return f"""\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {name}, namespace: default}}
spec:
  hosts: ["{host}"]
  resolution: STATIC
  ports: [{{number: 8443, name: any, protocol: {protocol}, targetPort: {port}}}]
  endpoints: [{{address: {endpoint}}}]
"""


# Rules for one name each of those that a wildcard host covers.
RULES = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: one-of-a, namespace: default}
spec:
  hosts: [one.a.test]
  tls:
  - match: [{sniHosts: [one.a.test]}]
    route: [{destination: {host: "*.b.test"}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: one-of-c, namespace: default}
spec:
  hosts: [one.c.test]
  http:
  - headers: {request: {set: {routed: "yes"}}}
    route: [{destination: {host: "*.c.test"}}]
"""
V1, V2, OUTSIDE = "198.18.1.21", "198.18.1.22", "198.18.1.41"
# Nobody is at this address.
NOWHERE = "198.18.129.250"


async def test_tls_requests_and_bytes_share_a_port(lab: Lab) -> None:
    services = (
        entry("a", "*.a.test", "TLS", V1, 8443),
        entry("b", "*.b.test", "HTTPS", V2, 8443),
        entry("c", "*.c.test", "HTTP", V1, 8000),
        entry("d", "*.d.test", "TCP", OUTSIDE, 9000),
        entry("e", "*.e.test", "TCP", V1, 9000),
    )
    async with lab.applied(*services):
        for host, pod in (("x.a.test", "echo-v1"), ("x.b.test", "echo-v2")):
            found = await lab.get("client", f"https://{host}:8443/", at=NOWHERE, tls=Tls(alpn=("http/1.1",)))
            assert (found.pod, found.seen.sni) == (pod, host)
        answer = await lab.get("client", "http://x.c.test:8443/", at=NOWHERE)
        assert (answer.pod, answer.seen.port) == ("echo-v1", 8000)
        # Of two services of bytes alone, the older one has the port.
        assert await lab.line("client", NOWHERE, 8443) == "outside hello"


async def test_rules_for_one_name_of_a_wildcard_host_leave_the_others(lab: Lab) -> None:
    services = (
        entry("a", "*.a.test", "TLS", V1, 8443),
        entry("b", "*.b.test", "TLS", V2, 8443),
        entry("c", "*.c.test", "HTTP", V1, 8000),
    )
    async with lab.applied(*services, RULES):
        answer = await lab.get("client", "https://one.a.test:8443/", at=NOWHERE)
        assert (answer.pod, answer.seen.sni) == ("echo-v2", "one.a.test")
        for host, routed in (("one.c.test", "yes"), ("two.c.test", None)):
            answer = await lab.get("client", f"http://{host}:8443/", at=NOWHERE)
            assert (answer.pod, answer.seen.headers.get("routed")) == ("echo-v1", routed)
