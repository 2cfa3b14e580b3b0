"""A cluster's real CA and token issuer, and HTTP servers that a test can ask."""

import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import aiohttp
import msgspec
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec

from convoy.ca.issuers import Intermediate, issue_intermediate, new_root
from convoy.ca.service import CertificateService, Verifier
from convoy.ca.tokens import AUDIENCE, TokenVerifier
from convoy.cluster.tokens import ISSUER, TokenIssuer
from convoy.config.kube.targets import Credentials
from convoy.controlplane.agent_api import AgentApi, NameTables, Probes
from convoy.controlplane.server_identity import ServerIdentity
from convoy.kit.latest import LatestValue

TRUST_DOMAIN = "cluster.local"


class Authority:
    """What issues certificates and tokens in one cluster; `intermediate` may be replaced."""

    def __init__(self) -> None:
        self.intermediate = issue_intermediate(new_root(), "cluster1")
        self.tokens = TokenIssuer(ec.generate_private_key(ec.SECP256R1()))
        self.verifier: Verifier = TokenVerifier(self.tokens.jwks(), issuer=ISSUER)

    def issuer(self) -> Intermediate:
        return self.intermediate

    def token(
        self, account: str = "bookinfo-reviews", *, namespace: str = "default", audience: str = AUDIENCE
    ) -> str:
        return self.tokens.issue(
            namespace, account, audiences=[audience], expiry=600, pod_name="p", pod_uid="u"
        )

    def roots(self) -> ssl.SSLContext:
        """What a client that trusts this mesh verifies servers with."""
        return ssl.create_default_context(cadata=b"".join(self.intermediate.roots_pem).decode())


class Anonymous:
    """Shows an API server nothing: the one of the tests takes everybody for its administrator."""

    async def current(self) -> Credentials:
        return Credentials()

    def refuse(self) -> None:
        pass


class Asked(msgspec.Struct, frozen=True):
    """An answer, read whole."""

    status: int
    body: bytes

    def json(self) -> dict[str, object]:
        decoded = msgspec.json.decode(self.body)
        assert isinstance(decoded, dict)
        return decoded


class Agent:
    """A client of the agent API, as an agent is: it verifies the server by its name and brings a token."""

    def __init__(self, port: int, authority: Authority, session: aiohttp.ClientSession) -> None:
        self._base = f"https://istiod.istio-system.svc:{port}"
        self._authority = authority
        self._session = session

    async def ask(self, method: str, path: str, *, authorization: str | None = None, **more: object) -> Asked:
        """`authorization` is the header; without it a good token is sent."""
        header = f"Bearer {self._authority.token()}" if authorization is None else authorization
        headers = {"Authorization": header} if header else {}
        async with self._session.request(
            method, self._base + path, headers=headers, ssl=self._authority.roots(), **more
        ) as answer:
            return Asked(answer.status, await answer.read())


class _Loopback(aiohttp.abc.AbstractResolver):
    """Every name is this machine."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[aiohttp.abc.ResolveResult]:
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        pass


@contextlib.asynccontextmanager
async def serving_http(app: web.Application, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve an application on a free port of loopback."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        assert runner.addresses
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def serving_agents(
    authority: Authority,
    issuer: Callable[[], Intermediate] | None = None,
    probes: LatestValue[Probes] | None = None,
) -> AsyncIterator[tuple[Agent, LatestValue[NameTables]]]:
    """Serve the agent API over TLS with the control plane's own identity."""
    names: LatestValue[NameTables] = LatestValue()
    certificates = CertificateService(
        issuer or authority.issuer, authority.verifier, trust_domain=TRUST_DOMAIN, max_ttl=timedelta(hours=1)
    )
    identity = ServerIdentity(authority.issuer, TRUST_DOMAIN, ttl=timedelta(hours=1))
    app = AgentApi(certificates, authority.verifier, names, probes or LatestValue()).app()
    connector = aiohttp.TCPConnector(resolver=_Loopback())
    async with (
        serving_http(app, identity.tls_context) as port,
        aiohttp.ClientSession(connector=connector) as session,
    ):
        yield Agent(port, authority, session), names


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()
