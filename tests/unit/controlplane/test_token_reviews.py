"""Tokens checked by a real API server: what it says counts, for seconds and no longer."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.kit.api_server import Api, running_api
from tests.kit.clocks import FakeClock
from tests.unit.controlplane.conftest import Anonymous

from convoy.ca.errors import TokenError, VerifierError
from convoy.ca.tokens import AUDIENCE, TokenSubject
from convoy.cluster.apiserver.auth.authenticators import ServiceAccountTokens
from convoy.cluster.apiserver.auth.token_reviews import TokenReviews
from convoy.cluster.apiserver.dependencies import Review, Reviewer
from convoy.cluster.registry import Registry
from convoy.cluster.tokens import TokenIssuer
from convoy.config.kube.client import KubeClient
from convoy.config.kube.targets import KubeTarget
from convoy.controlplane.token_reviews import TokenReviewVerifier, parse_review
from convoy.kit.clock import SYSTEM_CLOCK

ISSUER = TokenIssuer(ec.generate_private_key(ec.SECP256R1()))
ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "bookinfo-reviews"}}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"generateName": "reviews-v1-"},
    "spec": {
        "serviceAccountName": "bookinfo-reviews",
        "containers": [{"name": "reviews", "image": "reviews"}],
    },
}


class Cluster:
    """An API server that reviews tokens, with a pod and its account."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.client = KubeClient(KubeTarget(cluster="c", server=api.url, credentials=Anonymous()))
        self.asked = 0

    async def start(self) -> None:
        account = await self.api.create("/api/v1/namespaces/default/serviceaccounts", ACCOUNT)
        self.pod = await self.api.create("/api/v1/namespaces/default/pods", POD)
        self.account_uid = account["metadata"]["uid"]

    async def stop_pod(self) -> None:
        reply = await self.api.request(
            "DELETE", f"/api/v1/namespaces/default/pods/{self.pod['metadata']['name']}?gracePeriodSeconds=0"
        )
        assert reply.status == 200

    def token(self, audience: str = AUDIENCE, **changed: str) -> str:
        named = {"pod_name": self.pod["metadata"]["name"], "pod_uid": self.pod["metadata"]["uid"]} | changed
        return ISSUER.issue(
            "default",
            "bookinfo-reviews",
            audiences=[audience],
            expiry=600,
            account_uid=self.account_uid,
            **named,
        )


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    found: list[Cluster] = []

    def reviewer(registry: Registry) -> Reviewer:
        reviews = TokenReviews(ISSUER, registry, ServiceAccountTokens(ISSUER, registry), SYSTEM_CLOCK)

        async def review(asked: Review) -> dict[str, Any]:
            found[0].asked += 1
            return reviews.review(asked)

        return review

    async with running_api(reviewer=reviewer) as api:
        cluster = Cluster(api)
        found.append(cluster)
        await cluster.start()
        async with cluster.client:
            yield cluster


async def test_token_names_account_and_generated_pod(cluster: Cluster) -> None:
    subject = await TokenReviewVerifier(cluster.client).verify(cluster.token())
    assert subject == TokenSubject("default", "bookinfo-reviews", cluster.pod["metadata"]["name"])


async def test_token_without_a_pod_is_bound_to_none(cluster: Cluster) -> None:
    subject = await TokenReviewVerifier(cluster.client).verify(cluster.token(pod_name="", pod_uid=""))
    assert subject.pod_name == ""


async def test_token_for_another_audience_is_refused(cluster: Cluster) -> None:
    with pytest.raises(TokenError, match="not acceptable"):
        await TokenReviewVerifier(cluster.client).verify(cluster.token("https://kubernetes.default.svc"))


@pytest.mark.parametrize("text", ["", "nonsense", "x" * 20_000, "é.é.é"])
async def test_text_that_is_no_token_is_refused(cluster: Cluster, text: str) -> None:
    with pytest.raises(TokenError):
        await TokenReviewVerifier(cluster.client).verify(text)


async def test_token_of_a_pod_that_is_gone_is_refused_within_seconds(cluster: Cluster) -> None:
    clock = FakeClock()
    verifier, token = TokenReviewVerifier(cluster.client, seconds=5, clock=clock), cluster.token()
    await verifier.verify(token)
    await cluster.stop_pod()
    clock.goes_on(4.9)
    await verifier.verify(token)
    assert cluster.asked == 1
    clock.goes_on(0.2)
    with pytest.raises(TokenError, match="gone"):
        await verifier.verify(token)


async def test_a_refusal_is_not_remembered(cluster: Cluster) -> None:
    verifier, token = TokenReviewVerifier(cluster.client), cluster.token(pod_uid="another")
    for _ in range(2):
        with pytest.raises(TokenError):
            await verifier.verify(token)
    assert cluster.asked == 2


async def test_silence_of_the_cluster_is_no_refusal() -> None:
    target = KubeTarget(cluster="c", server="http://127.0.0.1:1", credentials=Anonymous())
    async with KubeClient(target) as client:
        with pytest.raises(VerifierError, match="cannot be checked now"):
            await TokenReviewVerifier(client).verify("a.b.c")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (None, "no reason"),
        ({"authenticated": False, "error": "expired"}, "expired"),
        ({"authenticated": True, "user": {"username": "system:serviceaccount:a:b"}}, "audience"),
        ({"authenticated": True, "audiences": [AUDIENCE], "user": {"username": "jane"}}, "service account"),
        (
            {
                "authenticated": True,
                "audiences": [AUDIENCE],
                "user": {"username": "system:serviceaccount::b"},
            },
            "service account",
        ),
        (
            {"authenticated": True, "audiences": [AUDIENCE], "user": {"username": "system:node:a:b"}},
            "service account",
        ),
    ],
)
def test_reviews_that_prove_no_account_are_refused(status: dict[str, Any] | None, reason: str) -> None:
    with pytest.raises(TokenError, match=reason):
        parse_review({"status": status}, audience=AUDIENCE)
