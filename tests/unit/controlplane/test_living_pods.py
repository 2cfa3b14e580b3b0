"""A token counts while its pod exists and runs as the account the token names."""

import asyncio

import pytest

from convoy.ca.errors import TokenError
from convoy.ca.tokens import TokenSubject
from convoy.controlplane.living_pods import LivingPods
from convoy.kit.latest import LatestValue
from convoy.xds.cache.resources import XdsModel

REVIEWS = TokenSubject("default", "bookinfo-reviews", "reviews-v1")
KNOWN = {"reviews-v1.default": "spiffe://cluster.local/ns/default/sa/bookinfo-reviews"}


class Believes:
    """Says who the bearer is; the token's own checks are not the matter here."""

    def __init__(self, subject: TokenSubject) -> None:
        self._subject = subject

    async def verify(self, token: str) -> TokenSubject:
        return self._subject


def verifier(subject: TokenSubject, models: LatestValue[XdsModel], *, patience: float = 0.01) -> LivingPods:
    return LivingPods(Believes(subject), models, trust_domain="cluster.local", patience=patience)


def models_of(*identities: dict[str, str]) -> LatestValue[XdsModel]:
    models: LatestValue[XdsModel] = LatestValue()
    for number, known in enumerate(identities, 1):
        models.set(XdsModel(number, {}, known))
    return models


async def test_a_living_pod_is_believed() -> None:
    assert await verifier(REVIEWS, models_of(KNOWN)).verify("t") == REVIEWS


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
async def test_a_token_of_a_pod_that_is_gone_or_another_is_refused(
    identities: dict[str, str] | None,
) -> None:
    models = models_of() if identities is None else models_of(identities)
    with pytest.raises(TokenError, match=r"reviews-v1\.default"):
        await verifier(REVIEWS, models).verify("t")


async def test_a_token_bound_to_no_pod_is_refused() -> None:
    unbound = TokenSubject("default", "bookinfo-reviews")
    with pytest.raises(TokenError, match=r"\(none\)"):
        await verifier(unbound, models_of({".default": "x"}), patience=60).verify("t")


async def test_news_of_a_pod_may_come_after_its_agent() -> None:
    models = models_of({})
    asking = asyncio.create_task(verifier(REVIEWS, models, patience=60).verify("t"))
    for identities in ({"other.default": "x"}, KNOWN):
        await asyncio.sleep(0)
        models.set(XdsModel(models.number + 1, {}, identities))
    assert await asking == REVIEWS
