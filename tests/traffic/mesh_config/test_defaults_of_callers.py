"""How sidecars send where no rule says otherwise."""

import asyncio

from tests.traffic.destination_rule.server import SERVER
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.mesh_config.config import ECHO, mesh

pytestmark = TRAFFIC

CERTIFICATE = "x-forwarded-client-cert"


@fields("MeshConfig", "enableAutoMtls")
async def test_mutual_tls_is_not_used_by_itself(lab: Lab) -> None:
    async with lab.applied(mesh("enableAutoMtls: false")):
        plain = [await lab.get("client", "http://echo:8000/") for _ in range(4)]
    assert all(answer.status == 200 and CERTIFICATE not in answer.seen.headers for answer in plain)


@fields("MeshConfig", "outboundTrafficPolicy.mode")
async def test_unknown_hosts_are_refused_or_resolved_by_name(lab: Lab) -> None:
    unknown = {"url": "http://api.outside.test:8000/", "at": ECHO}
    async with lab.applied(mesh("outboundTrafficPolicy: {mode: REGISTRY_ONLY}")):
        assert (await lab.get("client", **unknown)).status == 502
    async with lab.applied(mesh("outboundTrafficPolicy: {mode: ALLOW_ANY}")):
        assert (await lab.get("client", **unknown)).pod.startswith("echo-")
    async with lab.applied(mesh("outboundTrafficPolicy: {mode: ALLOW_ANY_DYNAMIC_DNS}")):
        answer = await lab.get("client", "http://api.outside.test/", at="198.18.129.21")
        by_name = await lab.get("client", "http://api.outside.test:80/", at="198.18.129.250")
    assert (answer.status, by_name.status) == (200, 200)
    assert by_name.told["host"].startswith("api.outside.test")


UNREACHABLE = SERVER.replace("{number: 8000, name: http,", "{number: 8000, name: http, targetPort: 9999,")


@fields("MeshConfig", "connectTimeout")
async def test_connections_are_waited_for_as_long_as_said(lab: Lab) -> None:
    async with lab.applied(UNREACHABLE, mesh("connectTimeout: 0.3s\ndefaultHttpRetryPolicy: {attempts: 0}")):
        answer = await lab.get("client", "http://server.test:8000/")
    assert answer.status == 503
    assert 0.29 < answer.seconds < 3


@fields("MeshConfig", "defaultHttpRetryPolicy.attempts", "defaultHttpRetryPolicy.retryOn")
async def test_failed_requests_are_sent_again_as_often_as_said(lab: Lab) -> None:
    url = "http://server.test:8000/?fail=3&status=500&key="
    async with lab.applied(SERVER, mesh("defaultHttpRetryPolicy: {attempts: 3, retryOn: 5xx}")):
        assert (await lab.get("client", url + lab.key())).status == 200
    async with lab.applied(SERVER, mesh("defaultHttpRetryPolicy: {attempts: 2, retryOn: 5xx}")):
        assert (await lab.get("client", url + lab.key())).status == 500


@fields("MeshConfig", "defaultTrafficPolicy.connectionPool.http.http2MaxRequests")
async def test_a_policy_holds_for_hosts_without_a_rule(lab: Lab) -> None:
    policy = "defaultTrafficPolicy: {connectionPool: {http: {http2MaxRequests: 1}}}"
    none = "defaultHttpRetryPolicy: {attempts: 0}"
    async with lab.applied(SERVER, mesh(f"{policy}\n{none}")):
        urls = ["http://server.test:8000/delay/0.3"] * 4
        answers = await asyncio.gather(*(lab.get("client", url) for url in urls))
    assert any(answer.headers.get("x-envoy-overloaded") == "true" for answer in answers)


@fields("MeshConfig", "h2UpgradePolicy")
async def test_requests_are_sent_on_as_http2(lab: Lab) -> None:
    async with lab.applied(SERVER, mesh("h2UpgradePolicy: UPGRADE")):
        assert (await lab.grpc("client", "server.test:7000")).pod == "outside"
    async with lab.applied(SERVER, mesh("h2UpgradePolicy: DO_NOT_UPGRADE")):
        assert (await lab.grpc("client", "server.test:7000")).code != 0


LOCALITIES = """\
localityLbSetting:
  distribute:
  - from: region1/zone1/*
    to: {"region1/zone2/*": 100}
"""


@fields("MeshConfig", "localityLbSetting.distribute.from", "localityLbSetting.distribute.to")
async def test_localities_are_shared_as_said(lab: Lab) -> None:
    async with lab.applied(mesh(LOCALITIES)):
        assert set(await lab.many("client", "http://echo:8000/", 12)) == {"echo-v2"}


NAMED = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: named, namespace: default}
spec:
  hosts: [named.test]
  resolution: DNS
  ports: [{number: 80, name: http, protocol: HTTP}]
  endpoints: [{address: www.outside.test}]
"""


@fields("MeshConfig", "dnsRefreshRate")
async def test_names_are_resolved_again_as_often_as_said(lab: Lab) -> None:
    async with lab.applied(NAMED, mesh("dnsRefreshRate: 7s")):
        clusters = await lab.dump("client", "dynamic_active_clusters")
    [found] = [each["cluster"] for each in clusters if "named.test" in each["cluster"]["name"]]
    assert found["cluster_type"]["typed_config"]["dns_refresh_rate"] == "7s"
