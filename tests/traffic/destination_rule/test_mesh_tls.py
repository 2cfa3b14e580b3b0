"""TLS between sidecars as a DestinationRule wants it: whether, under which name, and with whom."""

from tests.traffic.destination_rule.plain import destination_rule
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.virtual_service.objects import SUBSETS

pytestmark = TRAFFIC

ACCOUNT = "spiffe://cluster.local/ns/default/sa"
BY_NAME = """\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: by-name, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  servers:
  - {port: {number: 15443, name: tls, protocol: TLS}, tls: {mode: AUTO_PASSTHROUGH}, hosts: ["*.local"]}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: far, namespace: default}
spec:
  hosts: [far.test]
  addresses: [240.240.9.2]
  resolution: STATIC
  location: MESH_INTERNAL
  ports: [{number: 8000, name: http, protocol: HTTP}]
  endpoints: [{address: 198.18.1.3, ports: {http: 15443}}]
"""


async def test_plain_text_is_spoken_where_tls_is_disabled(lab: Lab) -> None:
    secured = await lab.get("client", "http://echo:8000/", at="198.18.1.21")
    assert secured.status == 200
    async with lab.applied(destination_rule("trafficPolicy: {tls: {mode: DISABLE}}", host="echo")):
        found = [await lab.get("client", "http://echo:8000/") for _ in range(6)]
    assert [each.status for each in found] == [200] * 6
    assert not any("x-forwarded-client-cert" in each.seen.headers for each in found)


@fields("DestinationRule", "trafficPolicy.tls.sni")
@fields("Gateway", "servers.tls.mode = AUTO_PASSTHROUGH")
async def test_the_server_is_told_the_name_that_the_rule_says(lab: Lab) -> None:
    name = "outbound_.8000_.v2_.echo.default.svc.cluster.local"
    rule = destination_rule(f"trafficPolicy: {{tls: {{mode: ISTIO_MUTUAL, sni: {name}}}}}", host="far.test")
    async with lab.applied(BY_NAME, rule, SUBSETS):
        found = [await lab.get("client", "http://far.test:8000/", at="240.240.9.2") for _ in range(4)]
    assert [each.pod for each in found] == ["echo-v2"] * 4


@fields("DestinationRule", "trafficPolicy.tls.subjectAltNames")
async def test_only_the_named_identities_are_talked_to(lab: Lab) -> None:
    rule = destination_rule(
        f"""
        trafficPolicy: {{tls: {{mode: ISTIO_MUTUAL, subjectAltNames: ["{ACCOUNT}/echo-v1"]}}}}
        subsets: [{{name: v1, labels: {{version: v1}}}}, {{name: v2, labels: {{version: v2}}}}]
        """,
        host="echo",
    )
    by_path = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: by-path, namespace: default}
spec:
  hosts: [echo]
  http:
  - match: [{uri: {prefix: /v1}}]
    route: [{destination: {host: echo, subset: v1}}]
  - route: [{destination: {host: echo, subset: v2}}]
"""
    async with lab.applied(rule, by_path):
        assert (await lab.get("client", "http://echo:8000/v1")).pod == "echo-v1"
        assert (await lab.get("client", "http://echo:8000/v2")).status == 503
