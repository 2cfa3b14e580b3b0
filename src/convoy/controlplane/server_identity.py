"""The control plane's own certificate: issued by its CA, renewed like a workload's, used by both its servers.

gRPC asks for the newest bundle at every handshake; the TLS context of the agent API is loaded anew in place,
which changes later handshakes and leaves open connections alone.
"""

import random
import ssl
from collections.abc import Callable
from datetime import timedelta

from convoy.ca.errors import IssuerError
from convoy.ca.issuers import Intermediate, ServerCredentials, issue_server
from convoy.ca.rotation import plan_renewal, wait_step
from convoy.kit.clock import SYSTEM_CLOCK, Clock
from convoy.kit.logs import get_logger
from convoy.kit.tls import load_key_pair
from convoy.xds.server.security import CertificateBundle

log = get_logger("controlplane")


class ServerIdentity:
    """Holds the newest credentials; `run` renews them for ever."""

    def __init__(
        self,
        issuer: Callable[[], Intermediate],
        trust_domain: str,
        *,
        ttl: timedelta,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._issuer = issuer
        self._trust_domain = trust_domain
        self._ttl = ttl
        self._clock = clock
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._renew()

    @property
    def tls_context(self) -> ssl.SSLContext:
        """For the agent API: the server's certificate, no client certificate (agents bring tokens)."""
        return self._context

    def bundle(self) -> CertificateBundle:
        """For ADS: key and chain of the server, and the roots it checks its clients against."""
        held = self._held
        chain = b"".join(held.certificate.chain_pem)
        return CertificateBundle(held.key_pem, chain, b"".join(held.roots_pem))

    async def run(self) -> None:
        """Renew before expiry by the wall clock, and when the CA was replaced; while it cannot sign, try
        again.
        """
        while True:
            try:
                wait = wait_step(self._clock.now(), self._renew_at)
                if wait > timedelta(0) and self._issuer() is self._issued_by:
                    await self._clock.sleep(wait.total_seconds())
                else:
                    self._renew()
            except IssuerError as error:
                log.error("own certificate not renewed", detail=str(error))
                await self._clock.sleep(5.0)

    def _renew(self) -> None:
        issuer = self._issuer()
        self._held: ServerCredentials = issue_server(
            issuer, self._trust_domain, ttl=self._ttl, clock=self._clock
        )
        self._issued_by = issuer
        obtained, expires = self._clock.now(), self._held.certificate.certificate.not_valid_after_utc
        self._renew_at = plan_renewal(obtained, expires, spread=random.random())
        chain = b"".join(self._held.certificate.chain_pem)
        load_key_pair(self._context, self._held.key_pem.reveal(), chain)
