"""Tokens count only while the pod they are bound to exists and runs as the account they name.

A bound token outlives its pod by hours; on a real cluster a TokenReview refuses it, here the objects do.
"""

from collections.abc import Mapping

from convoy.ca.errors import TokenError
from convoy.ca.identity import spiffe_id
from convoy.ca.service import Verifier
from convoy.ca.tokens import TokenSubject
from convoy.kit.latest import LatestValue
from convoy.xds.cache.resources import XdsModel


class LivingPods:
    """A verifier that also asks whether the token's pod has a proxy in the newest model."""

    def __init__(self, verifier: Verifier, models: LatestValue[XdsModel], *, trust_domain: str) -> None:
        self._verifier = verifier
        self._models = models
        self._trust_domain = trust_domain

    def verify(self, token: str) -> TokenSubject:
        """Whom the token speaks for; TokenError also when its pod is unknown or runs as another account."""
        subject = self._verifier.verify(token)
        proxy = f"{subject.pod_name}.{subject.namespace}"
        known: Mapping[str, str] = self._models.get_nowait().identities if self._models.number else {}
        if known.get(proxy) != spiffe_id(self._trust_domain, subject.namespace, subject.service_account):
            raise TokenError(
                f"The token is bound to pod {proxy or '(none)'}, which has no proxy in this cluster "
                f"or does not run as {subject.service_account}."
            )
        return subject
