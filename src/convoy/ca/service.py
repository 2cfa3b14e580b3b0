"""The certificate service without its HTTP shell: a token and a request in, a chain or a refusal out.

Identity is taken from the token alone. The shell answers 200 with a CertificateAnswer, or `HTTP_STATUS[code]`
with the Refusal.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from convoy.ca.errors import CsrError, IdentityError, IssuerError, TokenError, VerifierError
from convoy.ca.identity import Identity
from convoy.ca.issuers import Intermediate, issue_workload
from convoy.ca.tokens import TokenSubject
from convoy.ca.wire import CertificateAnswer, CertificateRequest, Refusal, RefusalCode
from convoy.kit.clock import SYSTEM_CLOCK, Clock

HTTP_STATUS: dict[RefusalCode, int] = {"unauthenticated": 401, "bad_request": 400, "unavailable": 503}


class Verifier(Protocol):
    """What proves a caller's identity: `tokens.TokenVerifier`, or a cluster's TokenReview."""

    async def verify(self, token: str) -> TokenSubject:
        """Whom the token speaks for. TokenError when for nobody, VerifierError when that is not known now."""
        ...


class CertificateService:
    """Issues workload certificates for one cluster and trust domain.

    `issuer` is asked at every request, so a changed intermediate is used at once. `max_ttl` lowers the
    longest lifetime given out; requests above it are shortened, not refused.
    """

    def __init__(
        self,
        issuer: Callable[[], Intermediate],
        verifier: Verifier,
        *,
        trust_domain: str,
        max_ttl: timedelta | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._issuer = issuer
        self._verifier = verifier
        self._trust_domain = trust_domain
        self._max_ttl = max_ttl
        self._clock = clock

    async def issue_for_token(self, token: str, request: CertificateRequest) -> CertificateAnswer | Refusal:
        """A certificate for whom the token speaks for, or why there is none."""
        try:
            subject = await self._verifier.verify(token)
            issuer = self._issuer()
            issued = issue_workload(
                issuer,
                request.csr.encode(),
                identity=Identity(self._trust_domain, subject.namespace, subject.service_account),
                ttl=self._ttl(request),
                clock=self._clock,
            )
        except (TokenError, IdentityError) as error:
            return Refusal("unauthenticated", str(error))
        except CsrError as error:
            return Refusal("bad_request", str(error))
        except (IssuerError, VerifierError) as error:
            return Refusal("unavailable", str(error))
        return CertificateAnswer(
            tuple(pem.decode() for pem in issued.chain_pem), tuple(pem.decode() for pem in issuer.roots_pem)
        )

    def _ttl(self, request: CertificateRequest) -> timedelta | None:
        # Bounded before it becomes a timedelta, which overflows on absurd numbers.
        wished = (
            None
            if request.ttl_seconds is None
            else timedelta(seconds=min(max(request.ttl_seconds, 1), 10**7))
        )
        limits = [each for each in (wished, self._max_ttl) if each is not None]
        return min(limits) if limits else None
