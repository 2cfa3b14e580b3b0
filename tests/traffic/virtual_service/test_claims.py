"""Rules of gateways that ask for claims of tokens, which a filter of Envoy has checked."""

import base64
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.traffic.envoy_filter.objects import envoy_filter, http_filters, patch
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.virtual_service.objects import GATEWAY, virtual_service

pytestmark = TRAFFIC

KEY = Ed25519PrivateKey.generate()
CHECKING_TOKENS = "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication"
CLAIMS = "@request.auth.claims"


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(claims: dict[str, Any], *, key: Ed25519PrivateKey = KEY) -> str:
    """What an issuer gives to users, signed."""
    parts = [{"alg": "EdDSA", "typ": "JWT"}, {"iss": "issuer.test", **claims}]
    text = ".".join(encoded(json.dumps(part).encode()) for part in parts)
    return f"{text}.{encoded(key.sign(text.encode()))}"


def checking_tokens(**more: Any) -> str:
    """The filter at gateways that checks tokens, where there are any, and keeps what they claim."""
    shown = encoded(KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    keys = {"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": shown}]}
    provider = {
        "issuer": "issuer.test",
        "local_jwks": {"inline_string": json.dumps(keys)},
        "payload_in_metadata": "payload",
        **more,
    }
    requires = {"requires_any": {"requirements": [{"provider_name": "lab"}, {"allow_missing": {}}]}}
    config = {
        "@type": CHECKING_TOKENS,
        "providers": {"lab": provider},
        "rules": [{"match": {"prefix": "/"}, "requires": requires}],
    }
    value = {"name": "envoy.filters.http.jwt_authn", "typed_config": config}
    change = patch("HTTP_FILTER", "INSERT_FIRST", value, context="GATEWAY", **http_filters())
    return envoy_filter(change, namespace="istio-system")


def rules(**conditions: dict[str, Any]) -> str:
    """A rule per condition, with a path of its own, for requests that meet it; all others get 404."""
    found = [
        {
            "match": [{"uri": {"exact": f"/{path}"}, **condition}],
            "directResponse": {"status": 200},
        }
        for path, condition in conditions.items()
    ]
    otherwise = {"directResponse": {"status": 404}}
    http = "\n".join(f"- {json.dumps(rule)}" for rule in (*found, otherwise))
    return virtual_service(http, hosts='["claims.test"]', more="gateways: [istio-system/front]")


def claim(path: str, **text: str) -> dict[str, Any]:
    return {"headers": {f"{CLAIMS}{path}": text}}


def without(path: str, **text: str) -> dict[str, Any]:
    return {"withoutHeaders": {f"{CLAIMS}{path}": text}}


async def ask(lab: Lab, path: str, signed: str = "") -> int:
    headers = {"Authorization": f"Bearer {signed}"} if signed else {}
    return (await lab.gateway(f"http://claims.test/{path}", headers=headers)).status


async def is_met(lab: Lab, path: str, **claims: Any) -> bool:
    status = await ask(lab, path, token(claims) if claims else "")
    assert status in (200, 404), status
    return status == 200


async def test_claims_that_are_texts_or_lists_of_texts_are_matched(lab: Lab) -> None:
    rule = rules(
        exact=claim(".name", exact="jason"),
        prefix=claim(".name", prefix="ja"),
        regex=claim("[name]", regex="j[a-z]+n"),
        there=claim(".groups"),
        both={"headers": {f"{CLAIMS}.groups": {"exact": "admins"}, f"{CLAIMS}.name": {"prefix": "j"}}},
    )
    async with lab.applied(GATEWAY, rule, checking_tokens(clear_route_cache=True)):
        for path in ("exact", "prefix", "regex"):
            assert await is_met(lab, path, name="jason"), path
            assert await is_met(lab, path, name=["jane", "jason"]), path
            assert not await is_met(lab, path, name="Jason"), path
            assert not await is_met(lab, path, name=["x", "xjason"]), path
            assert not await is_met(lab, path, groups="jason"), path
            assert not await is_met(lab, path), path
        assert await is_met(lab, "there", groups="users")
        assert await is_met(lab, "there", groups=["users"])
        assert await is_met(lab, "there", groups=[])
        assert await is_met(lab, "there", groups={"users": True})
        assert not await is_met(lab, "there", name="jason")
        assert await is_met(lab, "both", groups=["users", "admins"], name="jason")
        assert not await is_met(lab, "both", groups=["users", "admins"], name="maria")
        assert not await is_met(lab, "both", name="jason")


async def test_claims_within_claims_are_named_with_dots_or_brackets(lab: Lab) -> None:
    rule = rules(
        dots=claim(".group.Id", exact="a"),
        brackets=claim("[group][Id]", exact="a"),
        dotted=claim("[example.com/id]", exact="a"),
    )
    async with lab.applied(GATEWAY, rule, checking_tokens(clear_route_cache=True)):
        for path in ("dots", "brackets"):
            assert await is_met(lab, path, group={"Id": "a"}), path
            assert await is_met(lab, path, group={"Id": ["b", "a"]}), path
            assert not await is_met(lab, path, group={"id": "a"}), path
            assert not await is_met(lab, path, group="a"), path
        assert await is_met(lab, "dotted", **{"example.com/id": "a"})
        assert not await is_met(lab, "dotted", example={"com/id": "a"})


async def test_claims_that_must_not_be_there(lab: Lab) -> None:
    rule = rules(unlike=without(".groups", exact="banned"), absent=without(".groups"))
    async with lab.applied(GATEWAY, rule, checking_tokens(clear_route_cache=True)):
        for path in ("unlike", "absent"):
            assert await is_met(lab, path), path
            assert await is_met(lab, path, name="jason"), path
            assert not await is_met(lab, path, groups="banned"), path
            assert not await is_met(lab, path, groups=["users", "banned"]), path
        assert await is_met(lab, "unlike", groups=["users"])
        assert not await is_met(lab, "absent", groups=["users"])


async def test_claims_of_nobody_are_not_believed(lab: Lab) -> None:
    rule = rules(admin=claim(".groups", exact="admins"))
    async with lab.applied(GATEWAY, rule, checking_tokens(clear_route_cache=True)):
        forged = token({"groups": ["admins"]}, key=Ed25519PrivateKey.generate())
        assert await ask(lab, "admin", forged) == 401
        headers = {f"{CLAIMS}.groups": "admins", "x-jwt-payload": "admins"}
        answer = await lab.gateway("http://claims.test/admin", headers=headers)
        assert answer.status in (400, 404)
