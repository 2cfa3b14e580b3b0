"""Who may use a cluster: its certificates, tokens and rules, put together from what its folder keeps."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convoy.cluster.apiserver.auth.access_reviews import Reviews
from convoy.cluster.apiserver.auth.admin_tokens import load_admin_token
from convoy.cluster.apiserver.auth.authenticators import BearerAuthenticator, ServiceAccountTokens
from convoy.cluster.apiserver.auth.bootstrap_roles import bootstrap_bindings, bootstrap_roles
from convoy.cluster.apiserver.auth.rbac import RbacAuthorizer
from convoy.cluster.apiserver.auth.serving_certificates import ServingCertificates
from convoy.cluster.apiserver.auth.token_reviews import TokenReviews
from convoy.cluster.machinery.requests import WriteOptions, system_user
from convoy.cluster.registry import Registry
from convoy.cluster.store import Key
from convoy.cluster.tokens import TokenIssuer, load_issuer

ADMIN_TOKEN = "admin.token"
AUTHORITY = "ca.pem"
_SIGNING_KEY = "service-account.key"
_COMPONENT = "apiserver"
_RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class Access:
    """What the API server needs to know its users; the folder has what they need to know of it."""

    certificates: ServingCertificates
    issuer: TokenIssuer
    authenticator: BearerAuthenticator
    authorizer: RbacAuthorizer
    reviews: Reviews


def open_access(cluster: str, folder: Path, registry: Registry) -> Access:
    """Load a cluster's keys and token; those it lacks are made."""
    issuer = load_issuer(folder / _SIGNING_KEY)
    accounts = ServiceAccountTokens(issuer, registry)
    authorizer = RbacAuthorizer(registry.store)
    return Access(
        certificates=ServingCertificates(folder, cluster=cluster),
        issuer=issuer,
        authenticator=BearerAuthenticator(load_admin_token(folder / ADMIN_TOKEN), accounts, authorizer),
        authorizer=authorizer,
        reviews=Reviews(authorizer, TokenReviews(issuer, registry, accounts, registry.clock)),
    )


async def make_first_roles(registry: Registry) -> None:
    """Make the default roles and bindings that are missing; what a person changed stays as it is."""
    for plural, objects in (
        ("clusterroles", bootstrap_roles()),
        ("clusterrolebindings", bootstrap_bindings()),
    ):
        for obj in objects:
            await _make_missing(registry, f"{_RBAC}/{plural}", obj)


async def _make_missing(registry: Registry, storage: str, obj: dict[str, Any]) -> None:
    if registry.store.get(storage, Key("", obj["metadata"]["name"])) is None:
        options = WriteOptions(user=system_user(_COMPONENT), manager=_COMPONENT, is_internal=True)
        await registry.create(registry.resources.stored(storage), "", obj, options)
