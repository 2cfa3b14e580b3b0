"""Facts about certificates: what a root, an intermediate and a workload certificate say."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store
from tests.kit.clocks import FakeClock

from convoy.ca.content import BACK_DATED, IssuerFacts, prepare_workload
from convoy.ca.errors import CsrError, IssuerError
from convoy.ca.identity import Identity
from convoy.ca.issuers import issue_intermediate, issue_server, issue_workload, new_root
from convoy.ca.keys import build_csr, new_key

REVIEWS = Identity("cluster.local", "default", "bookinfo-reviews")


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def root(clock):
    return new_root(clock)


@pytest.fixture
def issuer(root, clock):
    return issue_intermediate(root, "cluster1", clock=clock)


@pytest.fixture
def leaf(issuer, clock):
    return issue_workload(issuer, build_csr(new_key()), identity=REVIEWS, clock=clock).certificate


def extension(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind)


def csr(key, *, names=(), algorithm=None):
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
    return builder.sign(key, algorithm).public_bytes(serialization.Encoding.PEM)


def test_chain_verifies_for_client_and_server_use(root, issuer, leaf, clock):
    store = Store([root.certificate])
    policy = PolicyBuilder().store(store).time(clock.now())
    verified = policy.build_client_verifier().verify(leaf, list(issuer.chain))
    assert [name.value for name in verified.subjects] == [REVIEWS.spiffe_id]


def test_workload_has_exactly_one_uri_in_a_critical_san(leaf):
    san = extension(leaf, x509.SubjectAlternativeName)
    assert (san.critical, [name.value for name in san.value]) == (True, [REVIEWS.spiffe_id])


def test_workload_may_sign_and_serve_and_call_but_not_issue(leaf):
    usage = extension(leaf, x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert not usage.value.key_cert_sign
    assert not extension(leaf, x509.BasicConstraints).value.ca
    assert set(extension(leaf, x509.ExtendedKeyUsage).value) == {
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.SERVER_AUTH,
    }


def test_intermediate_may_issue_workloads_only(issuer):
    constraints = extension(issuer.certificate, x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
    usage = extension(issuer.certificate, x509.KeyUsage)
    assert (usage.critical, usage.value.key_cert_sign, usage.value.digital_signature) == (True, True, False)


def test_key_identifiers_link_the_chain(root, issuer, leaf):
    for below, above in ((leaf, issuer.certificate), (issuer.certificate, root.certificate)):
        authority = extension(below, x509.AuthorityKeyIdentifier).value.key_identifier
        assert authority == extension(above, x509.SubjectKeyIdentifier).value.digest


def test_chain_holds_leaf_and_intermediate_but_no_root(issuer, root, clock):
    issued = issue_workload(issuer, build_csr(new_key()), identity=REVIEWS, clock=clock)
    chain = [x509.load_pem_x509_certificate(pem) for pem in issued.chain_pem]
    assert chain == [issued.certificate, issuer.certificate]


def test_certificates_are_back_dated_but_not_before_their_issuer(root, clock):
    fresh = issue_intermediate(root, "c", clock=clock)
    clock.at += timedelta(days=1)
    leaf = issue_workload(fresh, build_csr(new_key()), identity=REVIEWS, clock=clock).certificate
    assert leaf.not_valid_before_utc == clock.now() - BACK_DATED
    clock.at -= timedelta(days=1, seconds=30)
    early = issue_workload(fresh, build_csr(new_key()), identity=REVIEWS, clock=clock).certificate
    assert early.not_valid_before_utc == fresh.certificate.not_valid_before_utc


@pytest.mark.parametrize(
    ("wished", "given"),
    [
        (None, timedelta(hours=24)),
        (timedelta(minutes=5), timedelta(minutes=5)),
        (timedelta(days=400), timedelta(hours=24)),
        (timedelta(0), timedelta(seconds=1)),
        (timedelta(seconds=-3), timedelta(seconds=1)),
    ],
)
def test_lifetime_follows_the_wish_within_bounds(issuer, clock, wished, given):
    leaf = issue_workload(issuer, build_csr(new_key()), identity=REVIEWS, ttl=wished, clock=clock).certificate
    assert leaf.not_valid_after_utc - clock.now() == given


def test_no_certificate_outlives_its_issuer(issuer, clock):
    clock.at = issuer.certificate.not_valid_after_utc - timedelta(minutes=1)
    leaf = issue_workload(issuer, build_csr(new_key()), identity=REVIEWS, clock=clock).certificate
    assert leaf.not_valid_after_utc == issuer.certificate.not_valid_after_utc


def test_expired_issuer_does_not_sign(issuer, clock):
    clock.at = issuer.certificate.not_valid_after_utc
    with pytest.raises(IssuerError, match="expired"):
        issue_workload(issuer, build_csr(new_key()), identity=REVIEWS, clock=clock)


def test_fraction_of_a_second_does_not_shorten_a_lifetime(clock):
    now = clock.now() + timedelta(milliseconds=900)
    issuer = IssuerFacts(x509.Name([]), b"id", now - timedelta(days=1), now + timedelta(days=1))
    content = prepare_workload(issuer, REVIEWS, serial=1, now=now, ttl=timedelta(seconds=1))
    assert content.not_after - now >= timedelta(seconds=1)


def test_names_in_the_request_are_ignored(issuer, clock):
    key = new_key()
    forged = csr(
        key,
        names=[
            x509.UniformResourceIdentifier("spiffe://cluster.local/ns/istio-system/sa/istiod"),
            x509.DNSName("istiod.istio-system.svc"),
        ],
        algorithm=hashes.SHA256(),
    )
    leaf = issue_workload(issuer, forged, identity=REVIEWS, clock=clock).certificate
    assert [n.value for n in extension(leaf, x509.SubjectAlternativeName).value] == [REVIEWS.spiffe_id]
    assert leaf.public_key() == key.public_key()


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ec.generate_private_key(ec.SECP224R1()), hashes.SHA256()),
        (rsa.generate_private_key(65537, 1024), hashes.SHA256()),
        (ed25519.Ed25519PrivateKey.generate(), None),
    ],
    ids=["p224", "rsa1024", "ed25519"],
)
def test_weak_and_unusual_keys_are_refused(issuer, clock, key, algorithm):
    with pytest.raises(CsrError, match="key"):
        issue_workload(issuer, csr(key, algorithm=algorithm), identity=REVIEWS, clock=clock)


@pytest.mark.parametrize("text", [b"", b"hello", b"x" * 20_000, build_csr(new_key())[:200]])
def test_text_that_is_no_request_is_refused(issuer, clock, text):
    with pytest.raises(CsrError):
        issue_workload(issuer, text, identity=REVIEWS, clock=clock)


def test_request_with_a_wrong_signature_is_refused(issuer, clock):
    request = x509.load_pem_x509_csr(build_csr(new_key()))
    der = bytearray(request.public_bytes(serialization.Encoding.DER))
    der[-1] ^= 1
    forged = x509.load_der_x509_csr(bytes(der)).public_bytes(serialization.Encoding.PEM)
    with pytest.raises(CsrError, match="signature"):
        issue_workload(issuer, forged, identity=REVIEWS, clock=clock)


def test_control_plane_certificate_has_its_identity_and_dns_names(issuer, root, clock):
    credentials = issue_server(issuer, "cluster.local", clock=clock)
    verifier = PolicyBuilder().store(Store([root.certificate])).time(clock.now())
    verifier.build_server_verifier(x509.DNSName("istiod.istio-system.svc")).verify(
        credentials.certificate.certificate, list(issuer.chain)
    )
    names = extension(credentials.certificate.certificate, x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [
        "spiffe://cluster.local/ns/istio-system/sa/istiod"
    ]
    assert b"PRIVATE" not in repr(credentials).encode()
