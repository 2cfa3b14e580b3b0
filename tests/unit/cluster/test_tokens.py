"""Service account tokens and the key set that verifies them."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from tests.kit.clocks import FakeClock

from convoy.cluster.tokens import ISSUER, TokenIssuer, load_issuer


@pytest.fixture
def issuer(tmp_path: Path) -> TokenIssuer:
    """An issuer with a fresh key."""
    return load_issuer(tmp_path / "keys" / "sa.key")


def _issue(issuer: TokenIssuer) -> str:
    return issuer.issue("shop", "till", audiences=["istio-ca"], expiry=60, pod_name="till-1", pod_uid="u-1")


def _decode(issuer: TokenIssuer, token: str, audience: str = "istio-ca") -> dict[str, object]:
    key = jwt.PyJWKSet.from_dict(dict(issuer.jwks()))[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, object] = jwt.decode(token, key.key, algorithms=["ES256"], audience=audience)
    return claims


def test_a_token_says_whose_it_is_and_for_whom(issuer: TokenIssuer) -> None:
    claims = _decode(issuer, _issue(issuer))
    assert claims["iss"] == ISSUER
    assert claims["sub"] == "system:serviceaccount:shop:till"
    assert claims["aud"] == ["istio-ca"]
    assert claims["kubernetes.io"] == {
        "namespace": "shop",
        "serviceaccount": {"name": "till"},
        "pod": {"name": "till-1", "uid": "u-1"},
    }


def test_a_token_is_not_for_other_audiences(issuer: TokenIssuer) -> None:
    with pytest.raises(jwt.InvalidAudienceError):
        _decode(issuer, _issue(issuer), audience="somebody else")


def test_a_token_expires(tmp_path: Path) -> None:
    past = FakeClock(datetime.now(UTC) - timedelta(seconds=61))
    issuer = load_issuer(tmp_path / "sa.key", past)
    with pytest.raises(jwt.ExpiredSignatureError):
        _decode(issuer, _issue(issuer))


def test_the_key_is_kept_and_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "sa.key"
    first = load_issuer(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_issuer(path).jwks() == first.jwks()


def test_two_clusters_do_not_share_a_key(tmp_path: Path) -> None:
    one, other = load_issuer(tmp_path / "a.key"), load_issuer(tmp_path / "b.key")
    with pytest.raises(KeyError):
        _decode(other, _issue(one))


def test_the_key_set_holds_no_private_part(issuer: TokenIssuer) -> None:
    (key,) = issuer.jwks()["keys"]
    assert sorted(key) == ["alg", "crv", "kid", "kty", "use", "x", "y"]
