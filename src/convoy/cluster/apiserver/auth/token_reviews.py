"""TokenRequest and TokenReview: service account tokens made and checked on request.

Source: https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/
"""

from datetime import UTC, timedelta
from typing import Any

from convoy.cluster.apiserver.auth.authenticators import API_AUDIENCES, ServiceAccountTokens
from convoy.cluster.apiserver.auth.review_bodies import mapping_of, spec_of, text_of, texts_of
from convoy.cluster.apiserver.dependencies import Review
from convoy.cluster.machinery.statuses import (
    bad_request,
    conflict,
    field_invalid,
    invalid,
    not_found,
)
from convoy.cluster.registry import Registry
from convoy.cluster.store import Key
from convoy.cluster.tokens import TokenError, TokenIssuer
from convoy.kit.clock import Clock
from convoy.kit.times import format_time

_SHORTEST, _LONGEST, _USUAL = 600, 1 << 32, 3600
_BINDABLE = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}


class TokenReviews:
    """Answers both kinds of request."""

    def __init__(
        self, issuer: TokenIssuer, registry: Registry, accounts: ServiceAccountTokens, clock: Clock
    ) -> None:
        self._issuer = issuer
        self._registry = registry
        self._accounts = accounts
        self._clock = clock

    def request(self, review: Review) -> dict[str, Any]:
        """A new token for the service account of the path. StatusError when it or its bound object is not."""
        stored = self._registry.get(review.resource, review.namespace, review.name)
        spec = spec_of(review)
        seconds = _USUAL if spec.get("expirationSeconds") is None else spec["expirationSeconds"]
        if type(seconds) is not int or not _SHORTEST <= seconds <= _LONGEST:
            why = "may not specify a duration less than 10 minutes"
            cause = field_invalid("spec.expirationSeconds", str(seconds), why)
            raise invalid(review.resource, review.name, [cause])
        audiences = texts_of(spec, "audiences") or list(API_AUDIENCES)
        token = self._issuer.issue(
            review.namespace,
            review.name,
            audiences=audiences,
            expiry=seconds,
            account_uid=stored.object["metadata"]["uid"],
            bound=self._bound(review, mapping_of(spec, "boundObjectRef")),
        )
        ends = self._clock.now().astimezone(UTC) + timedelta(seconds=seconds)
        return {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {
                "name": review.name,
                "namespace": review.namespace,
                "creationTimestamp": format_time(self._clock.now()),
            },
            "spec": {**spec, "audiences": audiences, "expirationSeconds": seconds},
            "status": {"token": token, "expirationTimestamp": format_time(ends)},
        }

    def _bound(self, review: Review, reference: dict[str, Any]) -> dict[str, dict[str, str]]:
        if not reference:
            return {}
        kind, name = text_of(reference, "kind"), text_of(reference, "name")
        storage = _BINDABLE.get(kind)
        if storage is None:
            raise bad_request(
                f'cannot bind token to object of type "{kind}"; it must be a Pod, Secret or Node'
            )
        namespace = "" if kind == "Node" else review.namespace
        stored = self._registry.store.get(storage, Key(namespace, name))
        resource = self._registry.resources.stored(storage)
        if stored is None:
            raise not_found(resource, name)
        uid = stored.object["metadata"]["uid"]
        if reference.get("uid") not in (None, "", uid):
            why = (
                f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record"
            )
            raise conflict(resource, name, why)
        bound = {kind.lower(): {"name": name, "uid": uid}}
        node = (stored.object.get("spec") or {}).get("nodeName") if kind == "Pod" else None
        found = self._registry.store.get("nodes", Key("", node)) if node else None
        return {**bound, **({"node": _named(found.object)} if found is not None else {})}

    def review(self, review: Review) -> dict[str, Any]:
        """What a token proves."""
        spec = spec_of(review)
        audiences = texts_of(spec, "audiences") or list(API_AUDIENCES)
        try:
            user, meant_for = self._accounts.user_of(text_of(spec, "token"), audiences=audiences)
        except TokenError as error:
            status: dict[str, Any] = {"user": {}, "error": str(error)}
        else:
            status = {"authenticated": True, "user": user.to_json(), "audiences": meant_for}
        return {
            "kind": "TokenReview",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"creationTimestamp": None},
            "spec": spec,
            "status": status,
        }


def _named(obj: dict[str, Any]) -> dict[str, str]:
    return {"name": obj["metadata"]["name"], "uid": obj["metadata"]["uid"]}
