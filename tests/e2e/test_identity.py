"""Who may have which certificate and which configuration."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from envoy.service.discovery.v3 import discovery_pb2 as discovery_v3
from tests.e2e.observing import ObservedMesh
from tests.e2e.playground import MARKS

from convoy.ca.identity import Identity
from convoy.ca.issuers import Intermediate, issue_intermediate, issue_workload, new_root
from convoy.ca.keys import build_csr, key_to_pem, new_key
from convoy.cli.pod_traffic import Reply, Request
from convoy.cli.tls_client import ask_tls
from convoy.cluster.tokens import TokenIssuer, load_issuer
from convoy.kit.clock import Clock
from convoy.kit.tls import unverified_client_context

pytestmark = MARKS

ISTIOD = "198.18.1.2"
LISTENERS = "type.googleapis.com/envoy.config.listener.v3.Listener"
REVIEWS_NODE = "sidecar~198.18.1.13~reviews-v1.default~default.svc.cluster.local"
NOBODYS = "nobodys-listener"


# --- configuration ---


async def ads_answer(
    mesh: ObservedMesh, issuer: Intermediate | None, account: str, node: str = REVIEWS_NODE
) -> grpc.StatusCode:
    """OK when the control plane of cluster1 sends listeners to this client, else why it does not."""
    try:
        await ads_listeners(mesh, issuer, account, [node])
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


async def ads_listeners(
    mesh: ObservedMesh, issuer: Intermediate | None, account: str, nodes: Sequence[str]
) -> list[tuple[str, str]]:
    """Names and versions of the listeners that cluster1's control plane sends, asked for by each node ID.

    Raises AioRpcError when it refuses. Only the first request asks for all; the others for one nobody has.
    """
    found: dict[str, str] = {}
    port = await mesh.forward("cluster1", ISTIOD, 15012)
    async with grpc.aio.secure_channel(
        f"127.0.0.1:{port}",
        client_credentials(mesh, issuer, account),
        [("grpc.ssl_target_name_override", "istiod.istio-system.svc"), ("grpc.enable_retries", 0)],
    ) as channel:
        call = channel.stream_stream(
            "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
            request_serializer=discovery_v3.DeltaDiscoveryRequest.SerializeToString,
            response_deserializer=discovery_v3.DeltaDiscoveryResponse.FromString,
        )()
        nonce = ""
        async with asyncio.timeout(20):
            for node in nodes:
                request = discovery_v3.DeltaDiscoveryRequest(type_url=LISTENERS, response_nonce=nonce)
                request.node.id = node
                if nonce:
                    request.resource_names_subscribe.append(NOBODYS)
                await call.write(request)
                response = await call.read()
                if response is grpc.aio.EOF:
                    break
                found |= {resource.name: resource.version for resource in response.resources}
                nonce = response.nonce
        if not nonce:
            raise AssertionError(f"no listeners but {await call.code()}")
        call.cancel()
    return sorted(found.items())


def client_credentials(mesh: ObservedMesh, issuer: Intermediate | None, account: str) -> Any:
    """gRPC credentials of an account's certificate, or without one."""
    key = new_key()
    chain, pem = None, None
    if issuer is not None:
        identity = Identity("cluster.local", "default", account)
        issued = issue_workload(issuer, build_csr(key), identity=identity)
        chain, pem = b"".join(issued.chain_pem), key_to_pem(key).reveal()
    return grpc.ssl_channel_credentials(mesh.roots_pem("cluster1").encode(), pem, chain)


def intermediate(mesh: ObservedMesh, cluster: str) -> Intermediate:
    return mesh.local.clusters[cluster].intermediate


async def test_a_proxy_gets_its_configuration(playground: ObservedMesh) -> None:
    issuer = intermediate(playground, "cluster1")
    assert await ads_answer(playground, issuer, "bookinfo-reviews") is grpc.StatusCode.OK


@pytest.mark.parametrize(
    ("account", "node"),
    [
        ("bookinfo-productpage", REVIEWS_NODE),
        ("default", REVIEWS_NODE),
        ("bookinfo-reviews", REVIEWS_NODE.replace("reviews-v1.default", "productpage-v1.default")),
        ("bookinfo-reviews", "router~198.18.1.3~istio-ingressgateway.istio-system~istio-system"),
    ],
)
async def test_nobody_gets_the_configuration_of_another(
    playground: ObservedMesh, account: str, node: str
) -> None:
    answer = await ads_answer(playground, intermediate(playground, "cluster1"), account, node)
    assert answer is grpc.StatusCode.PERMISSION_DENIED


async def test_who_one_is_does_not_change_within_a_stream(playground: ObservedMesh) -> None:
    """A later request in another's name is still answered with one's own configuration."""
    other = REVIEWS_NODE.replace("reviews-v1", "productpage-v1")
    issuer = intermediate(playground, "cluster1")
    own = await ads_listeners(playground, issuer, "bookinfo-reviews", [REVIEWS_NODE])
    assert own
    assert await ads_listeners(playground, issuer, "bookinfo-reviews", [REVIEWS_NODE, other]) == own


async def test_a_pod_that_does_not_exist_gets_nothing(playground: ObservedMesh) -> None:
    node = REVIEWS_NODE.replace("reviews-v1.default", "reviews-v1.other")
    answer = await ads_answer(playground, intermediate(playground, "cluster1"), "bookinfo-reviews", node)
    assert answer is grpc.StatusCode.UNAVAILABLE


async def test_without_a_certificate_or_with_a_foreign_one_there_is_no_connection(
    playground: ObservedMesh,
) -> None:
    foreign = issue_intermediate(new_root(), "cluster1")
    for issuer in (None, foreign):
        assert await ads_answer(playground, issuer, "bookinfo-reviews") is grpc.StatusCode.UNAVAILABLE


async def test_clusters_of_one_root_are_one_trust_domain(playground: ObservedMesh) -> None:
    """The SPIFFE identity decides, whichever cluster of the mesh vouches for it (docs/architecture.md)."""
    issuer = intermediate(playground, "cluster2")
    assert await ads_answer(playground, issuer, "bookinfo-reviews") is grpc.StatusCode.OK
    assert await ads_answer(playground, issuer, "bookinfo-ratings") is grpc.StatusCode.PERMISSION_DENIED


# --- certificates ---


async def ask_agent_api(mesh: ObservedMesh, request: Request) -> Reply:
    sock = await mesh.dial_pod("outsider.plain", ISTIOD, 15016)()
    context = unverified_client_context()
    return await asyncio.to_thread(ask_tls, context, sock, sni="istiod.istio-system.svc", request=request)


async def request_certificate(mesh: ObservedMesh, token: str, csr: bytes | None = None) -> Reply:
    body = json.dumps({"csr": (csr or build_csr(new_key())).decode()}).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return await ask_agent_api(mesh, Request("istiod", "/v1/certificates", headers, "POST", body))


def token_issuer(mesh: ObservedMesh, cluster: str = "cluster1", *, clock: Clock | None = None) -> TokenIssuer:
    path = mesh.local.state / "clusters" / cluster / "service-account.key"
    assert path.exists()
    return load_issuer(path, clock) if clock else load_issuer(path)


def token(issuer: TokenIssuer, **changed: Any) -> str:
    arguments = {"audiences": ["istio-ca"], "expiry": 600, "pod_name": "reviews-v1"} | changed
    return issuer.issue("default", "bookinfo-reviews", **arguments)


class Earlier:
    """A clock an hour behind."""

    def now(self) -> datetime:
        return datetime.now(UTC) - timedelta(hours=1)


def uris(reply: Reply) -> list[str]:
    leaf = x509.load_pem_x509_certificate(reply.json()["chain"][0].encode())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert len(list(names)) == 1
    return names.get_values_for_type(x509.UniformResourceIdentifier)


async def test_the_token_alone_decides_who_one_is(playground: ObservedMesh) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    wished = x509.SubjectAlternativeName(
        [
            x509.UniformResourceIdentifier("spiffe://cluster.local/ns/istio-system/sa/istiod"),
            x509.DNSName("istiod.istio-system.svc"),
        ]
    )
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "admin")])
    )
    csr = (
        builder.add_extension(wished, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    reply = await request_certificate(playground, token(token_issuer(playground)), csr)
    if reply.status == 200:
        assert uris(reply) == ["spiffe://cluster.local/ns/default/sa/bookinfo-reviews"]
        leaf = x509.load_pem_x509_certificate(reply.json()["chain"][0].encode())
        assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert not list(leaf.subject)
    else:
        assert reply.status == 400
    plain = await request_certificate(playground, token(token_issuer(playground)))
    assert uris(plain) == ["spiffe://cluster.local/ns/default/sa/bookinfo-reviews"]


@pytest.mark.parametrize(
    "bad",
    [
        *("none", "garbage", "wrong audience", "expired", "other cluster", "no algorithm", "changed claim"),
        *("pod that is gone", "pod of another account"),
    ],
)
async def test_a_bad_token_gets_no_certificate(playground: ObservedMesh, bad: str) -> None:
    issuer = token_issuer(playground)
    good = token(issuer)
    head, claims, signature = good.split(".")
    none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
    tokens = {
        "none": "",
        "garbage": "a.b.c",
        "wrong audience": token(issuer, audiences=["https://kubernetes.default.svc"]),
        "expired": token(token_issuer(playground, clock=Earlier())),  # type: ignore[arg-type]
        "other cluster": token(token_issuer(playground, "cluster2")),
        "pod that is gone": token(issuer, pod_name="reviews-v9"),
        "pod of another account": token(issuer, pod_name="details-v1"),
        "no algorithm": f"{none}.{claims}.",
        "changed claim": f"{head}.{claims[:-6]}AAAAAA.{signature}",
    }
    assert (await request_certificate(playground, tokens[bad])).status == 401
    names = Request("istiod", "/v1/names", {"Authorization": f"Bearer {tokens[bad]}"})
    assert (await ask_agent_api(playground, names)).status == 401
