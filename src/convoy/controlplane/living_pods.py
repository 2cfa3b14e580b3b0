"""Tokens count only while the pod they are bound to exists and runs as the account they name.

A bound token outlives its pod by hours. A cluster's TokenReview refuses it; the signature alone does not, and
neither knows whether the pod has a proxy that the control plane serves.
"""

import asyncio

from convoy.ca.errors import TokenError
from convoy.ca.identity import spiffe_id
from convoy.ca.service import Verifier
from convoy.ca.tokens import TokenSubject
from convoy.kit.latest import LatestValue
from convoy.xds.cache.resources import XdsModel

_PATIENCE = 1.0


class LivingPods:
    """A verifier that also asks whether the token's pod has a proxy in the newest model.

    A new pod's agent may be quicker than the news of its pod, so an unknown one is looked for again in every
    model that comes within `patience` seconds.
    """

    def __init__(
        self,
        verifier: Verifier,
        models: LatestValue[XdsModel],
        *,
        trust_domain: str,
        patience: float = _PATIENCE,
    ) -> None:
        self._verifier = verifier
        self._models = models
        self._trust_domain = trust_domain
        self._patience = patience

    async def verify(self, token: str) -> TokenSubject:
        """Whom the token speaks for; TokenError also when its pod is unknown or runs as another account."""
        subject = await self._verifier.verify(token)
        proxy = f"{subject.pod_name}.{subject.namespace}"
        identity = spiffe_id(self._trust_domain, subject.namespace, subject.service_account)
        if not subject.pod_name or not await self._comes_to_live(proxy, identity):
            raise TokenError(
                f"The token is bound to pod {proxy if subject.pod_name else '(none)'}, which has no proxy in "
                f"this cluster or does not run as {subject.service_account}."
            )
        return subject

    async def _comes_to_live(self, proxy: str, identity: str) -> bool:
        number = 0
        try:
            async with asyncio.timeout(self._patience):
                while True:
                    number, model = await self._models.wait_newer(number)
                    if proxy in model.identities:
                        return model.identities[proxy] == identity
        except TimeoutError:
            return False
