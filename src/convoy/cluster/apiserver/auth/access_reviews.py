"""The reviews that ask what somebody may do, and who one is.

Source: https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/
"""

from typing import Any

from convoy.cluster.apiserver.access import Attributes
from convoy.cluster.apiserver.auth.rbac import RbacAuthorizer
from convoy.cluster.apiserver.auth.review_bodies import mapping_of, spec_of, text_of, texts_of
from convoy.cluster.apiserver.auth.rules import Rule
from convoy.cluster.apiserver.auth.token_reviews import TokenReviews
from convoy.cluster.apiserver.dependencies import Review
from convoy.cluster.machinery.requests import User
from convoy.cluster.machinery.statuses import bad_request


class Reviews:
    """Answers every review; a `Reviewer`."""

    def __init__(self, authorizer: RbacAuthorizer, tokens: TokenReviews) -> None:
        self._authorizer = authorizer
        self._tokens = tokens

    async def __call__(self, review: Review) -> dict[str, Any]:
        """The body with its status; raises StatusError."""
        if review.subresource == "token":
            return self._tokens.request(review)
        match review.resource.kind:
            case "TokenReview":
                return self._tokens.review(review)
            case "SelfSubjectReview":
                return _answer(review, {"userInfo": review.user.to_json()})
            case "SelfSubjectRulesReview":
                return _answer(review, self._rules(review))
            case "SelfSubjectAccessReview":
                return _answer(review, self._access(review, review.user))
            case _:
                return _answer(review, self._access(review, _asked_user(review)))

    def _access(self, review: Review, user: User) -> dict[str, Any]:
        attributes = _attributes(review)
        decision = self._authorizer.allows(user, attributes)
        status: dict[str, Any] = {"allowed": decision.is_allowed}
        if decision.reason:
            status["reason"] = decision.reason
        return status

    def _rules(self, review: Review) -> dict[str, Any]:
        namespace = text_of(spec_of(review), "namespace")
        rules = self._authorizer.rules_of(review.user, namespace)
        return {
            "resourceRules": [rule.to_json() for rule in rules if not rule.paths],
            "nonResourceRules": [_path_rule(rule) for rule in rules if rule.paths],
            "incomplete": False,
        }


def _path_rule(rule: Rule) -> dict[str, list[str]]:
    return {"verbs": sorted(rule.verbs), "nonResourceURLs": list(rule.paths)}


def _answer(review: Review, status: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": review.resource.kind,
        "apiVersion": review.resource.api_version,
        "metadata": {"creationTimestamp": None},
        "spec": spec_of(review),
        "status": status,
    }


def _asked_user(review: Review) -> User:
    spec = spec_of(review)
    name, groups = text_of(spec, "user"), tuple(texts_of(spec, "groups"))
    if not name and not groups:
        raise bad_request("spec.user or spec.groups must name who it is about")
    return User(name, groups, text_of(spec, "uid"))


def _attributes(review: Review) -> Attributes:
    spec = spec_of(review)
    about, path = mapping_of(spec, "resourceAttributes"), mapping_of(spec, "nonResourceAttributes")
    if bool(about) == bool(path):
        raise bad_request("exactly one of spec.resourceAttributes and spec.nonResourceAttributes is required")
    if path:
        return Attributes(text_of(path, "verb"), path=text_of(path, "path"))
    if review.namespace and about.get("namespace") != review.namespace:
        raise bad_request("spec.resourceAttributes.namespace must match the review's namespace")
    fields = ("verb", "group", "version", "resource", "subresource", "namespace", "name")
    return Attributes(*(text_of(about, field) for field in fields))
