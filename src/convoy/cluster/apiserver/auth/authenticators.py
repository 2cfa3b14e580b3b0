"""Who a request comes from, by its bearer token; and as whom, by its impersonation headers.

The administrator's token, and the service account tokens that the cluster issued, as long as the objects
that they are bound to exist. Sources: https://kubernetes.io/docs/reference/access-authn-authz/authentication/
and `service-accounts-admin` beside it.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from convoy.cluster.apiserver.access import Attributes, Authorizer, check_access
from convoy.cluster.machinery.requests import ADMIN, User
from convoy.cluster.machinery.statuses import bad_request
from convoy.cluster.registry import Registry
from convoy.cluster.store import Key
from convoy.cluster.tokens import ISSUER, TokenError, TokenIssuer
from convoy.kit.secrets import SecretBytes

API_AUDIENCES = (ISSUER, "https://kubernetes.default.svc.cluster.local")
_WEBSOCKET_TOKEN = "base64url.bearer.authorization.k8s.io."
_EXTRA = "impersonate-extra-"
_EVERYONE = "system:authenticated"
_BOUND = {"pod": "pods", "secret": "secrets", "node": "nodes"}


class ServiceAccountTokens:
    """Verifies service account tokens against the objects that there are now."""

    def __init__(self, issuer: TokenIssuer, registry: Registry) -> None:
        self._issuer = issuer
        self._registry = registry

    def user_of(self, token: str, *, audiences: Sequence[str] = API_AUDIENCES) -> tuple[User, list[str]]:
        """The account, and those of `audiences` that the token is for. Raises TokenError."""
        claims = self._issuer.verify(token, audiences=audiences)
        about = claims.get("kubernetes.io")
        if not isinstance(about, dict):
            raise TokenError("the token names no service account")
        namespace, account = about["namespace"], about["serviceaccount"]
        uid = self._check_exists("serviceaccounts", namespace, account)
        extra: dict[str, tuple[str, ...]] = {}
        for kind, storage in _BOUND.items():
            if kind in about:
                self._check_exists(storage, "" if kind == "node" else namespace, about[kind])
                extra[f"authentication.kubernetes.io/{kind}-name"] = (about[kind]["name"],)
                extra[f"authentication.kubernetes.io/{kind}-uid"] = (about[kind].get("uid", ""),)
        name = account["name"]
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", _EVERYONE)
        user = User(f"system:serviceaccount:{namespace}:{name}", groups, uid, extra)
        return user, [audience for audience in audiences if audience in claims["aud"]]

    def _check_exists(self, storage: str, namespace: str, named: dict[str, Any]) -> str:
        stored = self._registry.store.get(storage, Key(namespace, named["name"]))
        uid = stored.object["metadata"]["uid"] if stored is not None else ""
        if not uid or named.get("uid", uid) != uid:
            raise TokenError(f"the token is bound to an object of {storage} that is gone")
        return str(uid)


class BearerAuthenticator:
    """The authenticator of an API server."""

    def __init__(self, admin: SecretBytes, accounts: ServiceAccountTokens, authorizer: Authorizer) -> None:
        self._admin = admin
        self._accounts = accounts
        self._authorizer = authorizer

    def user_of(self, headers: Mapping[str, str]) -> User | None:
        """As Authenticator has it; only who may `impersonate` acts as somebody else."""
        token = _bearer_token(headers)
        user = self._known(token) if token else None
        return self._impersonated(user, headers) if user is not None else None

    def _known(self, token: str) -> User | None:
        if self._admin == SecretBytes(token.encode("utf-8", "replace")):
            return ADMIN
        try:
            return self._accounts.user_of(token)[0]
        except TokenError:
            return None

    def _impersonated(self, user: User, headers: Mapping[str, str]) -> User:
        name = headers.get("Impersonate-User")
        extra = _extra_of(headers)
        groups = tuple(_all(headers, "Impersonate-Group"))
        uid = headers.get("Impersonate-Uid", "")
        if not name:
            if groups or uid or extra:
                raise bad_request("groups, a uid or extras cannot be impersonated without a user")
            return user
        self._check(user, *_impersonation_target(name))
        for group in groups:
            self._check(user, "groups", "", group)
        if uid:
            self._check(user, "uids", "", uid, api_group="authentication.k8s.io")
        for key, values in extra.items():
            for value in values:
                self._check(user, f"userextras/{key}", "", value, api_group="authentication.k8s.io")
        if not groups and name.startswith("system:serviceaccount:"):
            groups = ("system:serviceaccounts", f"system:serviceaccounts:{name.split(':')[2]}")
        return User(name, (*groups, *(() if _EVERYONE in groups else (_EVERYONE,))), uid, extra)

    def _check(self, user: User, resource: str, namespace: str, name: str, *, api_group: str = "") -> None:
        resource, _, subresource = resource.partition("/")
        attributes = Attributes("impersonate", api_group, "", resource, subresource, namespace, name)
        check_access(self._authorizer, user, attributes)


def _impersonation_target(name: str) -> tuple[str, str, str]:
    if name.startswith("system:serviceaccount:") and name.count(":") == 3:
        _, _, namespace, account = name.split(":")
        return "serviceaccounts", namespace, account
    return "users", "", name


def _bearer_token(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    # Browsers cannot set headers on a websocket, so the token may be a subprotocol.
    for name in headers.get("Sec-WebSocket-Protocol", "").split(","):
        if name.strip().startswith(_WEBSOCKET_TOKEN):
            text = name.strip().removeprefix(_WEBSOCKET_TOKEN)
            try:
                return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
            except (binascii.Error, ValueError):
                return ""
    return ""


def _all(headers: Mapping[str, str], name: str) -> list[str]:
    getall = getattr(headers, "getall", None)
    return list(getall(name, [])) if getall else ([headers[name]] if name in headers else [])


def _extra_of(headers: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    names = {name.lower() for name in headers if name.lower().startswith(_EXTRA)}
    return {name.removeprefix(_EXTRA): tuple(_all(headers, name)) for name in sorted(names)}
