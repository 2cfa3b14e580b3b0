"""Who may connect to a sidecar: members of the mesh, or everybody, by workload and port."""

import pytest
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

V1, V2 = "198.18.1.21", "198.18.1.22"


def policy(spec: str, *, namespace: str = "default") -> str:
    return f"""\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {{name: tested, namespace: {namespace}}}
spec: {spec}
"""


async def lets_in(lab: Lab, address: str, port: int = 8000) -> bool:
    """Whether a pod without a sidecar reaches this one."""
    return (await lab.get("outside", f"http://echo:{port}/", at=address)).status == 200


@pytest.mark.parametrize("namespace", ["default", "istio-system"])
@fields("PeerAuthentication", "mtls.mode")
async def test_strict_lets_members_in_only(lab: Lab, namespace: str) -> None:
    assert await lets_in(lab, V1)
    async with lab.applied(policy("{mtls: {mode: STRICT}}", namespace=namespace)):
        assert not await lets_in(lab, V1)
        assert set(await lab.many("client", "http://echo:8000/", 20)) <= {"echo-v1", "echo-v2", "echo-v3"}


@fields("PeerAuthentication", "selector.matchLabels")
async def test_a_policy_may_be_for_some_workloads(lab: Lab) -> None:
    spec = "{selector: {matchLabels: {version: v2}}, mtls: {mode: STRICT}}"
    async with lab.applied(policy(spec)):
        assert await lets_in(lab, V1)
        assert not await lets_in(lab, V2)


@fields("PeerAuthentication", "portLevelMtls.mode")
async def test_a_policy_may_be_for_one_port(lab: Lab) -> None:
    spec = """{selector: {matchLabels: {app: echo}}, mtls: {mode: STRICT},
  portLevelMtls: {"8001": {mode: PERMISSIVE}, "9000": {mode: DISABLE}}}"""
    async with lab.applied(policy(spec)):
        assert not await lets_in(lab, V1)
        assert await lets_in(lab, V1, 8001)
        assert await lab.line("outside", V1, 9000) == "echo-v1 hello"
