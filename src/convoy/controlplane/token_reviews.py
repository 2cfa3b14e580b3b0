"""Tokens checked by the cluster that issued them, as on Kubernetes.

The API server knows the keys, the times, and whether the pod and the account a token is bound to still exist.
https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import msgspec

from convoy.ca.errors import TokenError, VerifierError
from convoy.ca.tokens import AUDIENCE, MAX_TOKEN_BYTES, TokenSubject
from convoy.config.errors import KubeError
from convoy.config.kube.client import KubeClient
from convoy.config.kube.resources import TOKEN_REVIEWS
from convoy.kit.clock import SYSTEM_CLOCK, Clock

_POD_NAME = "authentication.kubernetes.io/pod-name"
_ACCOUNT = ("system", "serviceaccount")
_MOST_KNOWN = 10_000


class _Known(msgspec.Struct, frozen=True):
    """Whom a token spoke for, and until when that needs no new question."""

    subject: TokenSubject
    until: float


class TokenReviewVerifier:
    """Checks tokens by TokenReview. A yes is believed for `seconds`, a no is asked again every time."""

    def __init__(
        self,
        client: KubeClient,
        *,
        audience: str = AUDIENCE,
        seconds: float = 5.0,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._client = client
        self._audience = audience
        self._seconds = seconds
        self._clock = clock
        # By digest, so that no token is kept; the oldest is first.
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    async def verify(self, token: str) -> TokenSubject:
        """Whom the token speaks for. TokenError when for nobody, VerifierError when nobody answered."""
        if not token or len(token) > MAX_TOKEN_BYTES:
            raise TokenError("The token is too long." if token else "There is no token.")
        digest, now = hashlib.sha256(token.encode("utf-8", "replace")).digest(), self._clock.monotonic()
        known = self._known.get(digest)
        if known is not None and now < known.until:
            return known.subject
        subject = parse_review(await self._ask(token), audience=self._audience)
        self._remember(digest, _Known(subject, now + self._seconds))
        return subject

    async def _ask(self, token: str) -> Mapping[str, Any]:
        review = {
            "apiVersion": TOKEN_REVIEWS.api_version,
            "kind": "TokenReview",
            "metadata": {},
            "spec": {"token": token, "audiences": [self._audience]},
        }
        try:
            return await self._client.create(TOKEN_REVIEWS, review)
        except KubeError as error:
            raise VerifierError(f"The token cannot be checked now: {error}.") from error

    def _remember(self, digest: bytes, known: _Known) -> None:
        self._known[digest] = known
        self._known.move_to_end(digest)
        while len(self._known) > _MOST_KNOWN or next(iter(self._known.values())).until <= (
            known.until - self._seconds
        ):
            self._known.popitem(last=False)


def parse_review(review: Mapping[str, Any], *, audience: str) -> TokenSubject:
    """Whom a TokenReview's answer is about; TokenError for nobody, or for who is no service account."""
    status = review.get("status") or {}
    if status.get("authenticated") is not True:
        reason = status.get("error") or "no reason given"
        raise TokenError(f"The token is not acceptable to this cluster: {reason}.")
    # A cluster that knows nothing of audiences answers without them, and has checked none.
    if audience not in (status.get("audiences") or ()):
        raise TokenError(f'The token is not for the audience "{audience}".')
    user = status.get("user") or {}
    parts = str(user.get("username", "")).split(":")
    if len(parts) != 4 or tuple(parts[:2]) != _ACCOUNT or not all(parts):
        raise TokenError("The token does not speak for a service account.")
    names = (user.get("extra") or {}).get(_POD_NAME) or [""]
    return TokenSubject(parts[2], parts[3], str(names[0]))
