"""TLS origination with what a Secret of the proxy's own namespace holds."""

import base64

from tests.traffic.destination_rule.server import OUTSIDE, policy, server
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.virtual_service.objects import GATEWAY, virtual_service

pytestmark = TRAFFIC

ENTRY = server("tls", f"{{address: {OUTSIDE}}}", port=443)
THROUGH = virtual_service(
    "- route: [{destination: {host: tls.test, port: {number: 8000}}}]",
    hosts="[tls.test]",
    more="gateways: [istio-system/front]",
)


def secret(lab: Lab, namespace: str) -> str:
    """A key pair and the root that the server is believed by."""
    issued = lab.ca.issue(dns=(f"proxy.{namespace}.test",))
    files = {"tls.key": issued.key_pem, "tls.crt": issued.chain_pem, "ca.crt": lab.ca.root_pem}
    data = "".join(f"  {name}: {base64.b64encode(content).decode()}\n" for name, content in files.items())
    return (
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: upstream, namespace: {namespace}}}\ndata:\n{data}"
    )


def rule(mode: str, *, more: str = "") -> str:
    return policy(f"tls: {{mode: {mode}, credentialName: upstream}}", host="tls.test", more=more)


@fields("DestinationRule", "trafficPolicy.tls.credentialName")
async def test_a_gateway_proves_itself_with_a_secret(lab: Lab) -> None:
    async with lab.applied(ENTRY, GATEWAY, THROUGH, rule("MUTUAL"), secret(lab, "istio-system")):
        answer = await lab.gateway("http://tls.test/")
    assert (answer.status, answer.seen.sni, answer.seen.client) == (
        200,
        "tls.test",
        ("proxy.istio-system.test",),
    )


async def test_a_selected_sidecar_proves_itself_with_a_secret(lab: Lab) -> None:
    selected = rule("MUTUAL", more="workloadSelector: {matchLabels: {app: client}}")
    async with lab.applied(ENTRY, selected, secret(lab, "default")):
        answer = await lab.get("client", "http://tls.test:8000/")
    assert (answer.status, answer.seen.client) == (200, ("proxy.default.test",))


async def test_other_sidecars_have_no_part_in_secrets(lab: Lab) -> None:
    async with lab.applied(ENTRY, rule("MUTUAL"), secret(lab, "default"), clean=False):
        answer = await lab.get("client", "http://tls.test:8000/")
        names = [one["name"] for one in await lab.dump("client", "dynamic_active_secrets")]
    assert answer.status == 503
    assert "kubernetes://default/upstream" not in names
