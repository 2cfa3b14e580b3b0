"""Who may use a cluster: its certificates, tokens and rules, put together from what its folder keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from convoy.cluster.admission import AdmissionChain, Connect, Webhooks
from convoy.cluster.apiserver.access import Attributes
from convoy.cluster.apiserver.auth.access_reviews import Reviews
from convoy.cluster.apiserver.auth.admin_tokens import load_admin_token
from convoy.cluster.apiserver.auth.authenticators import BearerAuthenticator, ServiceAccountTokens
from convoy.cluster.apiserver.auth.escalation import EscalationGuard
from convoy.cluster.apiserver.auth.issuer_documents import issuer_documents
from convoy.cluster.apiserver.auth.rbac import RbacAuthorizer
from convoy.cluster.apiserver.auth.serving_certificates import ServingCertificates
from convoy.cluster.apiserver.auth.token_reviews import TokenReviews
from convoy.cluster.apiserver.documents import Document
from convoy.cluster.errors import WorldError
from convoy.cluster.machinery.requests import User
from convoy.cluster.registry import Registry
from convoy.cluster.tokens import TokenIssuer, load_issuer

ADMIN_TOKEN = "admin.token"
AUTHORITY = "ca.pem"
_SIGNING_KEY = "service-account.key"


@dataclass(frozen=True, slots=True)
class Access:
    """What the API server needs to know its users; the folder has what they need to know of it."""

    certificates: ServingCertificates
    issuer: TokenIssuer
    authenticator: BearerAuthenticator
    authorizer: RbacAuthorizer
    reviews: Reviews
    documents: Mapping[str, Document]
    admission: AdmissionChain
    webhooks: Webhooks  # to be closed with the cluster


def open_access(cluster: str, folder: Path, registry: Registry, connect: Connect) -> Access:
    """Load a cluster's keys and token; those it lacks are made. `connect` reaches webhooks in the cluster.

    Raises WorldError for a file that does not hold what it should.
    """
    issuer = _load_issuer(folder)
    certificates = _load_certificates(folder, cluster)
    accounts = ServiceAccountTokens(issuer, registry)
    authorizer = RbacAuthorizer(registry.store)

    def may_user(user: User, about: Mapping[str, str]) -> tuple[bool, str]:
        decision = authorizer.allows(user, Attributes(**about))
        return decision.is_allowed, decision.reason

    webhooks = Webhooks(registry, connect=connect, may_user=may_user)
    return Access(
        certificates=certificates,
        issuer=issuer,
        authenticator=BearerAuthenticator(load_admin_token(folder / ADMIN_TOKEN), accounts, authorizer),
        authorizer=authorizer,
        reviews=Reviews(authorizer, TokenReviews(issuer, registry, accounts, registry.clock)),
        documents=issuer_documents(issuer),
        admission=AdmissionChain([EscalationGuard(registry, authorizer), webhooks]),
        webhooks=webhooks,
    )


def _load_issuer(folder: Path) -> TokenIssuer:
    try:
        return load_issuer(folder / _SIGNING_KEY)
    except (ValueError, TypeError) as error:
        raise WorldError(
            f"{folder / _SIGNING_KEY} is damaged: put a copy of it back, or remove it for a new one."
        ) from error


def _load_certificates(folder: Path, cluster: str) -> ServingCertificates:
    certificates = ServingCertificates(folder, cluster=cluster)
    try:
        certificates.authority()
    except (ValueError, TypeError) as error:
        raise WorldError(
            f"{folder / AUTHORITY} or ca.key beside it is damaged: put copies of both back, or remove both "
            "for new ones."
        ) from error
    return certificates
