"""Facts about tokens and the certificate service."""

from datetime import timedelta

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from tests.kit.clocks import FakeClock

from convoy.ca.errors import TokenError
from convoy.ca.issuers import issue_intermediate, new_root
from convoy.ca.keys import build_csr, new_key
from convoy.ca.service import CertificateService
from convoy.ca.tokens import TokenSubject, TokenVerifier
from convoy.ca.wire import CertificateAnswer, CertificateRequest, Refusal

ISSUER = "https://kubernetes.default.svc.cluster.local"
KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = rsa.generate_private_key(65537, 2048)


def jwks(key=KEY, kid="k1"):
    return {"keys": [{**jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid}]}


def token(clock, *, key=KEY, kid="k1", algorithm="RS256", **changed):
    now = int(clock.now().timestamp())
    claims = {
        "iss": ISSUER,
        "aud": ["istio-ca"],
        "sub": "system:serviceaccount:default:bookinfo-reviews",
        "exp": now + 3600,
        "nbf": now,
        "kubernetes.io": {
            "namespace": "default",
            "serviceaccount": {"name": "bookinfo-reviews", "uid": "u"},
            "pod": {"name": "reviews-v1", "uid": "p"},
        },
    } | changed
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def verifier(clock):
    return TokenVerifier(jwks(), issuer=ISSUER, clock=clock)


async def test_token_names_account_and_pod(verifier, clock):
    assert await verifier.verify(token(clock)) == TokenSubject("default", "bookinfo-reviews", "reviews-v1")


async def test_elliptic_keys_are_accepted(clock):
    key = ec.generate_private_key(ec.SECP256R1())
    keys = {"keys": [{**jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "e"}]}
    verifier = TokenVerifier(keys, issuer=ISSUER, clock=clock)
    signed = token(clock, key=key, kid="e", algorithm="ES256")
    assert (await verifier.verify(signed)).namespace == "default"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"aud": ["https://kubernetes.default.svc"]}, "audience"),
        ({"aud": None}, "aud"),
        ({"iss": "https://elsewhere"}, "issued"),
        ({"exp": None}, "exp"),
        ({"exp": 1}, "expired"),
        ({"nbf": 9_999_999_999}, "not valid yet"),
        ({"sub": "system:serviceaccount:default:other"}, "contradicts"),
        ({"sub": "someone"}, "contradicts"),
        ({"kubernetes.io": None}, "bound"),
        ({"kubernetes.io": "x"}, "bound"),
    ],
)
async def test_unacceptable_claims_are_refused(verifier, clock, changed, reason):
    with pytest.raises(TokenError, match=reason):
        await verifier.verify(token(clock, **changed))


async def test_token_signed_with_another_key_is_refused(verifier, clock):
    with pytest.raises(TokenError, match="signature"):
        await verifier.verify(token(clock, key=OTHER_KEY))


async def test_token_with_an_unknown_key_id_is_refused(verifier, clock):
    with pytest.raises(TokenError, match="does not publish"):
        await verifier.verify(token(clock, kid="k2"))


async def test_unsigned_token_is_refused(verifier, clock):
    with pytest.raises(TokenError):
        await verifier.verify(token(clock, key=None, algorithm="none"))


@pytest.mark.parametrize("text", ["", "a.b.c", "x" * 20_000, "é.é.é"])
async def test_text_that_is_no_token_is_refused(verifier, text):
    with pytest.raises(TokenError):
        await verifier.verify(text)


async def test_token_times_follow_the_given_clock(verifier, clock):
    signed = token(clock)
    clock.at += timedelta(hours=1, seconds=9)
    await verifier.verify(signed)
    clock.at += timedelta(seconds=1)
    with pytest.raises(TokenError, match="expired"):
        await verifier.verify(signed)


@pytest.fixture
def service(verifier, clock):
    issuer = issue_intermediate(new_root(clock), "cluster1", clock=clock)
    return CertificateService(lambda: issuer, verifier, trust_domain="cluster.local", clock=clock)


def request(**changed):
    return CertificateRequest(**{"csr": build_csr(new_key()).decode()} | changed)


async def test_service_issues_for_the_account_of_the_token(service, clock):
    answer = await service.issue_for_token(token(clock), request())
    assert isinstance(answer, CertificateAnswer)
    leaf = x509.load_pem_x509_certificate(answer.chain[0].encode())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [name.value for name in names] == ["spiffe://cluster.local/ns/default/sa/bookinfo-reviews"]
    assert [len(answer.chain), len(answer.roots)] == [2, 1]


@pytest.mark.parametrize("wished", [60, -1, 0, 10**30])
async def test_service_bounds_the_lifetime_wished_for(service, clock, wished):
    answer = await service.issue_for_token(token(clock), request(ttl_seconds=wished))
    leaf = x509.load_pem_x509_certificate(answer.chain[0].encode())
    expected = timedelta(seconds=min(max(wished, 1), 24 * 3600))
    assert leaf.not_valid_after_utc - clock.now() == expected


async def test_service_may_be_told_a_shorter_longest_lifetime(verifier, clock):
    issuer = issue_intermediate(new_root(clock), "cluster1", clock=clock)
    service = CertificateService(
        lambda: issuer, verifier, trust_domain="cluster.local", max_ttl=timedelta(seconds=10), clock=clock
    )
    answer = await service.issue_for_token(token(clock), request())
    leaf = x509.load_pem_x509_certificate(answer.chain[0].encode())
    assert leaf.not_valid_after_utc - clock.now() == timedelta(seconds=10)


async def test_service_says_why_it_refuses(service, clock):
    signed = token(clock)
    assert (await service.issue_for_token("nonsense", request())).code == "unauthenticated"
    assert (await service.issue_for_token(signed, request(csr="nonsense"))).code == "bad_request"
    clock.at += timedelta(days=4000)
    late = await service.issue_for_token(token(clock), request())
    assert (late.code, "expired" in late.message) == ("unavailable", True)
    assert isinstance(late, Refusal)
