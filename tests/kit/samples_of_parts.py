"""One sidecar and one gateway that between them use every kind of part there is."""

from collections.abc import Iterator
from itertools import product

from tests.kit import parts, samples_of_policies
from tests.kit.parts import dns_endpoint, endpoint, host, key, routes, rule, tls, to, upstream
from tests.kit.samples_of_rules import MATCH, V1, V2, actions

from convoy.api.istio.peer_authentication import MtlsMode
from convoy.kit.secrets import SecretBytes
from convoy.mesh.model import (
    ClientProof,
    CredentialKey,
    Fallback,
    GatewayHttp,
    GatewayHttps,
    GatewayPassthrough,
    GatewayTcp,
    GatewayView,
    InboundPart,
    KeyFiles,
    KeyPair,
    MeshSnapshot,
    PassthroughRoute,
    Protocol,
    Resolution,
    RuleRef,
    ServerTls,
    SidecarView,
    SniffedRoute,
    TcpRoute,
    TlsMode,
    TrustBundle,
    TrustFiles,
)

GLOBAL = key("reviews.default.global", subset="v2")
PASSED = key("reviews", subset="v2", is_passthrough=True)
OWN_KEY = CredentialKey("default", "web")
MESH_TLS = ServerTls(client=ClientProof.REQUIRED, trust_domains=("cluster.local",))
RULE = RuleRef("VirtualService", "default", "reviews", "http[0]")


def sidecar() -> SidecarView:
    return parts.sidecar_view(
        upstream(V1, tls=tls()),
        upstream(V2, tls=tls(TlsMode.MUTUAL), protocol=Protocol.GRPC),
        upstream(
            GLOBAL,
            resolution=Resolution.DNS,
            tls=tls(TlsMode.MUTUAL),
            dns=[
                dns_endpoint("198.19.0.2", 15443),
                dns_endpoint("gw.example", 15443, locality="eu/eu-1/a"),
            ],
        ),
        upstream(key("web", 9080), protocol=Protocol.GRPC_WEB, tls=tls()),
        upstream(key("db", 5432), protocol=Protocol.TCP, tls=tls()),
        upstream(key("cache", 6379), protocol=Protocol.AUTO, tls=tls()),
        upstream(key("peers", 7000), protocol=Protocol.TCP, resolution=Resolution.ORIGINAL_DST),
        *samples_of_policies.everything(),
        http=(
            routes(
                host("reviews", rule((V1, 80), (V2, 20), match=MATCH, retries=parts.RETRIES, origin=RULE)),
                host("reviews.default.global", rule(GLOBAL, timeout_ms=3000)),
                host("everything", *actions()),
                host("nobody", rule()),
                host("hashed", *samples_of_policies.hashed()),
            ),
            routes(port=80, fallback=Fallback.BLOCK),
        ),
        tcp=(
            TcpRoute("10.0.0.5", 5432, to((key("db", 5432), 1), (key("cache", 6379), 1))),
            TcpRoute("0.0.0.0", 7000, to(key("peers", 7000))),
            TcpRoute("10.0.0.9", 9999, samples_of_policies.tunnelled()),
            TcpRoute("0.0.0.0", 9080, to(key("db", 5432)), server_names=("a.test", "*.b.test")),
            TcpRoute("0.0.0.0", 9080, to(key("db", 5432)), server_names=("*",)),
            TcpRoute("0.0.0.0", 9080, (), server_names=("a.test",), subnets=("10.0.0.0/8", "fd00::/8")),
            TcpRoute("0.0.0.0", 9080, to(key("peers", 7000)), subnets=("10.1.0.0/16",)),
        ),
        sniffed=(
            SniffedRoute(
                "10.0.0.6", 6379, routes(host("cache", port=6379), port=6379), to(key("cache", 6379))
            ),
            SniffedRoute(
                "0.0.0.0",
                9080,
                routes(host("web", port=9080)),
                to(key("cache", 6379)),
                subnets=("10.2.0.0/16",),
            ),
        ),
        allows_any=False,
    )


def everything_inbound() -> InboundPart:
    modes = (MtlsMode.STRICT, MtlsMode.PERMISSIVE, MtlsMode.DISABLE)
    ports = [
        (number, protocol, mode) for number, (protocol, mode) in enumerate(product(Protocol, modes), 9000)
    ]
    return parts.inbound(*ports, mark=1337, port_modes=((9999, MtlsMode.STRICT),))


def gateway() -> GatewayView:
    server_names = (
        "outbound_.9080_.v2_.reviews.default.svc.cluster.local",
        "outbound_.9080_.v2_.reviews.default.global",
    )
    web = host("*", rule(V1), port=8080, domains=("*",))
    return parts.gateway_view(
        upstream(V1, tls=tls()),
        upstream(PASSED),
        http=(
            GatewayHttp(8080, routes(web, port=8080, fallback=Fallback.NOT_FOUND)),
            GatewayHttp(8081, routes(port=8081, fallback=Fallback.NOT_FOUND)),
        ),
        passthrough=(GatewayPassthrough(15443, (PassthroughRoute(server_names, PASSED),)),),
        https=tuple(_https()),
        tcp=(
            GatewayTcp(9000, TcpRoute("0.0.0.0", 9000, to(V1))),
            GatewayTcp(9443, TcpRoute("0.0.0.0", 9443, to(V1), ("b.test",)), tls=MESH_TLS),
            GatewayTcp(9443, TcpRoute("0.0.0.0", 9443, to((V1, 1), (PASSED, 2)), ("*.c.test",))),
        ),
        credentials=(
            KeyPair(OWN_KEY, b"chain", SecretBytes(b"key")),
            TrustBundle(OWN_KEY, b"roots", b"revoked"),
            KeyFiles("/c/tls.crt", "/c/tls.key"),
            TrustFiles("/c/ca.crt", "/c/ca.crl"),
        ),
    )


def _https() -> Iterator[GatewayHttps]:
    """One server that asks for everything, and others beside it."""
    served = routes(host("a.test", rule(V1), port=443, domains=("a.test",)), port=443)
    strict = ServerTls(
        key_pairs=(OWN_KEY, KeyFiles("/c/tls.crt", "/c/tls.key")),
        client=ClientProof.REQUIRED,
        trust=OWN_KEY,
        subject_alt_names=("a.test", "spiffe://b/c", "10.0.0.1", "a@b.test"),
        public_key_pins=("NvqYIYSbgK2vCJpQhObf77vv+bQWtc5ek5RIOwPiC9A=",),
        certificate_pins=("df6ff72fe9116521268f6f2dd4966f51df479883fe7037b39f75916ac3049d1a",),
        max_version="TLSV1_2",
        cipher_suites=("ECDHE-ECDSA-AES128-GCM-SHA256",),
        curves=("P-256", "X25519"),
    )
    lax = ServerTls((OWN_KEY,), ClientProof.OPTIONAL, TrustFiles("/c/ca.crt"), accepts_untrusted=True)
    yield GatewayHttps(8443, served, "443.all.web.default", ("a.test", "*.a.test"), strict, is_grpc_web=True)
    yield GatewayHttps(8443, served, "443.any.web.default", ("*",), ServerTls((OWN_KEY,)))
    yield GatewayHttps(9443, served, "443.mesh.web.default", ("a.test",), MESH_TLS)
    yield GatewayHttps(8443, served, "443.lax.web.default", ("a.test",), lax, bind="127.0.0.1")
    yield GatewayHttps(0, served, "0.unix.web.default", ("a.test",), lax, bind="/tmp/gateway.sock")


def everything() -> MeshSnapshot:
    return parts.snapshot(
        parts.workload("app", inbound=everything_inbound()),
        parts.workload("gate", view=parts.GATEWAY_VIEW),
        sidecars=[sidecar()],
        gateways=[gateway()],
        assignments=[
            parts.assignment(V1, endpoint("198.18.1.1", locality="eu/eu-1/a", weight=2)),
            parts.assignment(PASSED, endpoint("198.18.1.2")),
        ],
    )
