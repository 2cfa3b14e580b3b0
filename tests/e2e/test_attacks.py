"""Who may not reach an application does not, and who may cannot lie about who they are."""

import pytest
from tests.e2e.observing import ObservedMesh

from convoy.ca.issuers import issue_intermediate, new_root
from convoy.cli.demo.mesh import anonymous_context, client_context
from convoy.cli.pod_traffic import Request, ask_once

pytestmark = [pytest.mark.world, pytest.mark.envoy, pytest.mark.slow]

FORGED = "By=spiffe://cluster.local/ns/x/sa/x;URI=spiffe://cluster.local/ns/default/sa/admin"
STRICT = """\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: strict}
spec: {mtls: {mode: STRICT}}
"""
REVIEWS = Request("reviews:9080", "/reviews/0", {"x-forwarded-client-cert": FORGED})


async def test_a_strict_pod_answers_neither_plain_text_nor_foreign_certificates(mesh: ObservedMesh) -> None:
    assert (await mesh.ask_pod_outside_mesh("reviews-v1", REVIEWS)).status == 200
    mesh.write_file("cluster1", "strict.yaml", STRICT)
    await mesh.wait_refused("reviews-v1", REVIEWS)
    foreign = client_context(issue_intermediate(new_root(), "elsewhere"))
    for context in (foreign, anonymous_context()):
        assert (await mesh.ask_pod_outside_mesh("reviews-v1", REVIEWS, context)).status == 0
    own = await mesh.ask_pod_outside_mesh("reviews-v1", REVIEWS, mesh.own_context())
    assert own.status == 200


@pytest.mark.parametrize("secured", [False, True])
async def test_a_forged_client_certificate_header_reaches_no_application(
    mesh: ObservedMesh, secured: bool
) -> None:
    context = mesh.own_context() if secured else None
    reply = await mesh.ask_pod_outside_mesh("reviews-v1", REVIEWS, context)
    assert reply.status == 200
    expected = "spiffe://cluster.local/ns/default/sa/convoy-demo" if secured else ""
    assert reply.json()["peer"] == expected
    assert "admin" not in reply.body.decode()


async def test_an_application_cannot_forge_who_it_is(mesh: ObservedMesh) -> None:
    reply = await ask_once(mesh.dial_from("productpage-v1", "reviews:9080"), REVIEWS)
    assert reply.json()["peer"] == "spiffe://cluster.local/ns/default/sa/bookinfo-productpage"


async def test_the_root_key_is_in_no_pod(mesh: ObservedMesh) -> None:
    key = mesh.root_key_path()
    assert key.is_file()
    for cluster, namespace, pod in (
        ("cluster1", "default", "reviews-v1"),
        ("cluster1", "istio-system", "istiod"),
    ):
        found = await mesh.execute(cluster, namespace, pod, ["cat", str(key)])
        assert found.rc != 0
        assert b"PRIVATE KEY" not in found.stdout
