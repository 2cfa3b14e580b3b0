"""Whom a gateway lets in: certificates of clients, wanted or demanded, believed by roots, names, pins."""

import base64
import hashlib

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from tests.kit.certificates import Authority, Issued
from tests.traffic.fields import fields
from tests.traffic.gateway.objects import (
    TLS_PORT,
    config_map,
    gateway,
    https,
    pair,
    route,
    secret,
    server,
    tcp_route,
    workload,
)
from tests.traffic.lab import TRAFFIC, Lab, Tls

pytestmark = TRAFFIC

URL = f"https://a.test:{TLS_PORT}/"
STRANGERS = Authority("strangers")
MESH = "spiffe://cluster.local/ns/default/sa"
FRIEND, GUEST = ("friend.test",), ("guest.test",)


def shown(lab: Lab, client: Issued | None = None) -> Tls:
    own = (client.key_pem, client.chain_pem) if client else None
    return Tls(ca=lab.ca.root_pem, client=own)


def certificate(lab: Lab, *, root: bytes = b"") -> str:
    return secret("a", pair(lab.ca.issue(dns=("a.test",)), root=root))


async def let_in(lab: Lab, *clients: Issued | None) -> list[bool]:
    """Which of these clients are answered, over HTTP."""
    return [(await lab.gateway(URL, tls=shown(lab, client))).status == 200 for client in clients]


@fields("Gateway", "servers.tls.mode = MUTUAL")
async def test_mutual_tls_demands_a_certificate_by_the_roots_beside_the_servers_own(lab: Lab) -> None:
    clients = (lab.ca.issue(dns=FRIEND), STRANGERS.issue(dns=FRIEND), None)
    made = (gateway(https("a.test", mode="MUTUAL", credentialName="a")), route())
    async with lab.applied(*made, certificate(lab, root=lab.ca.root_pem)):
        assert await let_in(lab, *clients) == [True, False, False]
        # Roots of their own count before those, and are renewed as certificates are.
        async with lab.applied(secret("a-cacert", {"cacert": STRANGERS.root_pem})):
            assert await let_in(lab, *clients) == [False, True, False]


@fields("Gateway", "servers.tls.mode = OPTIONAL_MUTUAL")
async def test_a_certificate_that_is_only_wanted_must_still_be_good(lab: Lab) -> None:
    clients = (lab.ca.issue(dns=FRIEND), STRANGERS.issue(dns=FRIEND), None)
    made = (gateway(https("a.test", mode="OPTIONAL_MUTUAL", credentialName="a")), route())
    async with lab.applied(*made, certificate(lab, root=lab.ca.root_pem)):
        assert await let_in(lab, *clients) == [True, False, True]


@fields("Gateway", "servers.tls.caCertCredentialName")
async def test_roots_may_stand_in_a_secret_or_a_config_map_of_their_own(lab: Lab) -> None:
    clients = (lab.ca.issue(dns=FRIEND), STRANGERS.issue(dns=FRIEND))
    tls = {"mode": "MUTUAL", "credentialName": "a", "caCertCredentialName": "clients"}
    made = (gateway(https("a.test", **tls)), route(), certificate(lab, root=lab.ca.root_pem))
    async with lab.applied(*made, secret("clients", {"ca.crt": STRANGERS.root_pem})):
        assert await let_in(lab, *clients) == [False, True]
    async with lab.applied(*made, config_map("clients", {"ca.crt": STRANGERS.root_pem})):
        assert await let_in(lab, *clients) == [False, True]


@fields("Gateway", "servers.tls.subjectAltNames")
async def test_a_client_must_have_one_of_the_names(lab: Lab) -> None:
    uri, mail = "spiffe://elsewhere/ns/x/sa/y", "someone@friend.test"
    clients = (lab.ca.issue(dns=FRIEND), lab.ca.issue(spiffe=(uri,)), lab.ca.issue(dns=GUEST))
    tls = {"mode": "MUTUAL", "credentialName": "a", "subjectAltNames": ["friend.test", uri, mail, "10.0.0.1"]}
    async with lab.applied(gateway(https("a.test", **tls)), route(), certificate(lab, root=lab.ca.root_pem)):
        assert await let_in(lab, *clients) == [True, True, False]


def key_pin(issued: Issued) -> str:
    public = x509.load_pem_x509_certificate(issued.chain_pem).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    der = public.public_bytes(serialization.Encoding.DER, form)
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


def certificate_pin(issued: Issued) -> str:
    return x509.load_pem_x509_certificate(issued.chain_pem).fingerprint(hashes.SHA256()).hex()


@fields("Gateway", "servers.tls.verifyCertificateSpki", "servers.tls.verifyCertificateHash")
@pytest.mark.parametrize("field", ["verifyCertificateSpki", "verifyCertificateHash"])
async def test_only_the_certificates_that_are_pinned_are_let_in(lab: Lab, field: str) -> None:
    pinned, other = lab.ca.issue(dns=FRIEND), lab.ca.issue(dns=FRIEND)
    pin = key_pin(pinned) if field == "verifyCertificateSpki" else certificate_pin(pinned)
    tls = {"mode": "MUTUAL", "credentialName": "a", field: [pin]}
    async with lab.applied(gateway(https("a.test", **tls)), route(), certificate(lab, root=lab.ca.root_pem)):
        assert await let_in(lab, pinned, other) == [True, False]


@fields("Gateway", "servers.tls.insecureSkipVerify")
async def test_a_certificate_of_strangers_is_let_in_where_nothing_is_verified(lab: Lab) -> None:
    tls = {"mode": "MUTUAL", "credentialName": "a", "insecureSkipVerify": True}
    async with lab.applied(gateway(https("a.test", **tls)), route(), certificate(lab, root=lab.ca.root_pem)):
        assert await let_in(lab, STRANGERS.issue(dns=FRIEND), None) == [True, False]


async def test_a_revoked_certificate_is_refused(lab: Lab) -> None:
    good, bad = lab.ca.issue(dns=FRIEND), lab.ca.issue(dns=FRIEND)
    roots = secret("a-cacert", {"ca.crt": lab.ca.root_pem, "ca.crl": lab.ca.revoke(bad)})
    made = (gateway(https("a.test", mode="MUTUAL", credentialName="a")), route(), certificate(lab), roots)
    async with lab.applied(*made):
        assert await let_in(lab, good, bad) == [True, False]


async def test_connections_without_requests_must_prove_as_much(lab: Lab) -> None:
    tls = {"mode": "MUTUAL", "credentialName": "a"}
    made = (gateway(server("TLS", "a.test", tls=tls)), certificate(lab, root=lab.ca.root_pem))
    good = lab.ca.issue(dns=FRIEND)
    async with lab.applied(*made, tcp_route()):
        said = [
            await lab.gateway_line(TLS_PORT, tls=msgspec.structs.replace(shown(lab, client), sni="a.test"))
            for client in (good, STRANGERS.issue(dns=FRIEND), None)
        ]
    assert [bool(line) for line in said] == [True, False, False]


@fields("Gateway", "servers.tls.mode = ISTIO_MUTUAL")
async def test_only_workloads_of_the_mesh_are_let_in_by_its_own_identities(lab: Lab) -> None:
    stranger = lab.ca.issue(spiffe=("spiffe://cluster.local/ns/default/sa/client",))
    async with lab.applied(gateway(https("a.test", mode="ISTIO_MUTUAL")), route()):
        refused = [
            await lab.gateway(URL, tls=Tls(client=own))
            for own in (None, (stranger.key_pem, stranger.chain_pem))
        ]
        answer = await lab.gateway(URL, tls=Tls(client=workload(lab)))
        assert [each.status for each in refused] == [0, 0]
        assert answer.status == 200
        assert [name for name in answer.server if "/sa/istio-ingressgateway-service-account" in name]


async def test_names_are_asked_of_workloads_too(lab: Lab) -> None:
    async with lab.applied(gateway(https(mode="ISTIO_MUTUAL", subjectAltNames=[f"{MESH}/x"])), route()):
        assert (await lab.gateway(URL, tls=Tls(client=workload(lab)))).status == 0
    async with lab.applied(gateway(https(mode="ISTIO_MUTUAL", subjectAltNames=[f"{MESH}/client"])), route()):
        assert (await lab.gateway(URL, tls=Tls(client=workload(lab)))).status == 200
