"""How the endpoints of a ServiceEntry are found: `resolution`."""

from pathlib import Path

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab, Tls

pytestmark = TRAFFIC


def entry(name: str, spec: str) -> str:
    return f"""\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {name}, namespace: default}}
spec:
{spec}
"""


NONE = entry(
    "unresolved",
    """\
  hosts: [www.outside.test]
  resolution: NONE
  ports:
  - {number: 8088, name: http, protocol: HTTP, targetPort: 80}
  - {number: 7799, name: tcp, protocol: TCP, targetPort: 9000}
""",
)


@fields("ServiceEntry", "hosts", "ports.number", "ports.targetPort", "resolution = NONE")
async def test_without_resolution_a_connection_goes_to_the_address_that_was_dialled(lab: Lab) -> None:
    async with lab.applied(NONE):
        answer = await lab.get("client", "http://www.outside.test:8088/a")
        assert (answer.status, answer.told["host"]) == (200, "www.outside.test:8088")
        assert await lab.line("client", "www.outside.test", 7799) == "hello"
        # What the application dialled counts, whatever host it then names.
        assert (await lab.get("client", "http://www.outside.test:8088/", at="198.18.1.41")).pod == "outside"


STATIC = entry(
    "listed",
    """\
  hosts: [listed.example.test]
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP}]
  endpoints: [{address: 198.18.1.41}]
""",
)


@fields("ServiceEntry", "resolution = STATIC", "endpoints.address")
async def test_listed_addresses_serve_a_host_that_no_dns_server_knows(lab: Lab) -> None:
    async with lab.applied(STATIC):
        answer = await lab.get("client", "http://listed.example.test/a")
        assert (answer.status, answer.pod, answer.seen.host) == (200, "outside", "listed.example.test")
    assert await lab.resolve("client", "listed.example.test") == []


DNS = (
    entry(
        "named",
        """\
  hosts: [named.example.test]
  resolution: DNS
  ports: [{number: 80, name: http, protocol: HTTP}]
  endpoints: [{address: www.outside.test}, {address: api.outside.test}]
""",
    )
    + "---\n"
    + entry(
        "itself",
        """\
  hosts: [api.outside.test]
  resolution: DNS
  ports: [{number: 8088, name: http, protocol: HTTP, targetPort: 80}]
""",
    )
)


@fields("ServiceEntry", "resolution = DNS")
async def test_names_of_endpoints_or_the_host_itself_are_resolved(lab: Lab) -> None:
    async with lab.applied(DNS):
        answer = await lab.get("client", "http://named.example.test/")
        assert (answer.status, answer.told["host"]) == (200, "named.example.test")
        answer = await lab.get("client", "http://api.outside.test:8088/")
        assert (answer.status, answer.told["host"]) == (200, "api.outside.test:8088")


ROUND_ROBIN = entry(
    "one-name",
    """\
  hosts: [one.example.test]
  resolution: DNS_ROUND_ROBIN
  ports: [{number: 80, name: http, protocol: HTTP}, {number: 9000, name: tcp, protocol: TCP}]
  endpoints: [{address: www.outside.test}]
""",
)


@fields("ServiceEntry", "resolution = DNS_ROUND_ROBIN")
async def test_one_name_with_whatever_addresses_is_one_endpoint(lab: Lab) -> None:
    async with lab.applied(ROUND_ROBIN):
        answer = await lab.get("client", "http://one.example.test/")
        assert (answer.status, answer.told["host"]) == (200, "one.example.test")
        assert await lab.line("client", "one.example.test", 9000) == "hello"
        clusters = await lab.dump("client", "dynamic_active_clusters")
    [types] = [
        one["cluster"]["cluster_type"]["typed_config"]
        for one in clusters
        if one["cluster"]["name"] == "outbound|80||one.example.test"
    ]
    assert types["all_addresses_in_single_endpoint"] is True


DYNAMIC = entry(
    "any-name",
    """\
  hosts: ["*.wild.outside.test"]
  resolution: DYNAMIC_DNS
  ports:
  - {number: 80, name: http, protocol: HTTP}
  - {number: 443, name: tls, protocol: TLS}
  - {number: 10443, name: tls-other, protocol: TLS, targetPort: 443}
""",
)
ELSEWHERE = "198.18.1.41"


@fields("ServiceEntry", "resolution = DYNAMIC_DNS", "hosts")
async def test_a_wildcard_host_is_resolved_as_the_request_or_the_handshake_names_it(lab: Lab) -> None:
    root = _outside_root(lab)
    async with lab.applied(DYNAMIC):
        answer = await lab.get("client", "http://anything.wild.outside.test/", at=ELSEWHERE)
        assert (answer.status, answer.told["host"]) == (200, "anything.wild.outside.test")
        for port in (443, 10443):
            tls = Tls(sni="other.wild.outside.test", ca=root)
            answer = await lab.get(
                "client", f"https://other.wild.outside.test:{port}/", at=ELSEWHERE, tls=tls
            )
            assert (answer.status, answer.told["tls"]["server_name"]) == (200, "other.wild.outside.test")
        # What the wildcard does not cover goes where it was dialled.
        assert (await lab.get("client", "http://else.outside.test/", at=ELSEWHERE)).pod == "outside"


ENCRYPTED = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: any-name, namespace: default}
spec:
  host: "*.wild.outside.test"
  trafficPolicy: {tls: {mode: SIMPLE, insecureSkipVerify: true}}
"""


async def test_requests_to_a_wildcard_host_may_be_encrypted_on_their_way(lab: Lab) -> None:
    async with lab.applied(DYNAMIC, ENCRYPTED):
        answer = await lab.get("client", "http://anything.wild.outside.test/", at=ELSEWHERE)
        assert (answer.status, answer.told["tls"]["server_name"]) == (200, "anything.wild.outside.test")


def _outside_root(lab: Lab) -> bytes:
    return Path(lab.outside.ca_file).read_bytes()
