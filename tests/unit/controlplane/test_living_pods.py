"""A token counts while its pod exists and runs as the account the token names."""

import pytest

from convoy.ca.errors import TokenError
from convoy.ca.tokens import TokenSubject
from convoy.controlplane.living_pods import LivingPods
from convoy.kit.latest import LatestValue
from convoy.xds.cache.resources import XdsModel

REVIEWS = TokenSubject("default", "bookinfo-reviews", "reviews-v1")


class Believes:
    """Says who the bearer is; the token's own checks are not the matter here."""

    def __init__(self, subject: TokenSubject) -> None:
        self._subject = subject

    def verify(self, token: str) -> TokenSubject:
        return self._subject


def verifier(subject: TokenSubject, identities: dict[str, str] | None) -> LivingPods:
    models: LatestValue[XdsModel] = LatestValue()
    if identities is not None:
        models.set(XdsModel(1, {}, identities))
    return LivingPods(Believes(subject), models, trust_domain="cluster.local")


def test_a_living_pod_is_believed() -> None:
    identities = {"reviews-v1.default": "spiffe://cluster.local/ns/default/sa/bookinfo-reviews"}
    assert verifier(REVIEWS, identities).verify("t") == REVIEWS


@pytest.mark.parametrize(
    "identities",
    [
        None,
        {},
        {"reviews-v2.default": "spiffe://cluster.local/ns/default/sa/bookinfo-reviews"},
        {"reviews-v1.default": "spiffe://cluster.local/ns/default/sa/default"},
        {"reviews-v1.default": "spiffe://elsewhere/ns/default/sa/bookinfo-reviews"},
    ],
)
def test_a_token_of_a_pod_that_is_gone_or_another_is_refused(identities: dict[str, str] | None) -> None:
    with pytest.raises(TokenError, match=r"reviews-v1\.default"):
        verifier(REVIEWS, identities).verify("t")


def test_a_token_bound_to_no_pod_is_refused() -> None:
    unbound = TokenSubject("default", "bookinfo-reviews")
    with pytest.raises(TokenError):
        verifier(unbound, {".default": "x"}).verify("t")
