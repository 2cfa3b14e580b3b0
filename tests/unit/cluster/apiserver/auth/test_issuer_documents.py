"""Tokens can be verified with nothing but what the API server publishes."""

import jwt
from tests.kit.api_server import running_api

from convoy.cluster.apiserver.auth.issuer_documents import issuer_documents
from convoy.cluster.tokens import load_issuer


async def test_published_keys_verify_a_token(tmp_path):
    issuer = load_issuer(tmp_path / "issuer.key")
    token = issuer.issue("default", "app", audiences=["shop"], expiry=600)
    async with running_api(documents=issuer_documents(issuer)) as api:
        discovery = await api.get("/.well-known/openid-configuration")
        path = discovery["jwks_uri"].removeprefix(discovery["issuer"])
        reply = await api.request("GET", path)
    assert reply.headers["Content-Type"] == "application/jwk-set+json"
    (key,) = jwt.PyJWKSet.from_json(reply.body.decode()).keys
    algorithms = discovery["id_token_signing_alg_values_supported"]
    claims = jwt.decode(token, key, algorithms, audience="shop", issuer=discovery["issuer"])
    assert claims["sub"] == "system:serviceaccount:default:app"


async def test_documents_are_listed_and_kept_from_who_may_not_read_them(tmp_path):
    issuer = load_issuer(tmp_path / "issuer.key")
    async with running_api(documents=issuer_documents(issuer)) as api:
        assert "/openid/v1/jwks" in (await api.get("/"))["paths"]
        reply = await api.request("GET", "/openid/v1/jwks", headers={"X-User": "jane"})
        assert reply.status == 403
