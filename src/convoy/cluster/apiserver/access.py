"""Who asks, and whether they may: what the server needs of authentication and authorization.

The attributes are those that RBAC rules speak of
(https://kubernetes.io/docs/reference/access-authn-authz/authorization/#review-your-request-attributes).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from convoy.cluster.machinery.requests import User
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import StatusError, forbidden


@dataclass(frozen=True, slots=True)
class Attributes:
    """What someone wants to do. `path` alone is set for what is no resource."""

    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def is_resource(self) -> bool:
        """Whether it is about objects."""
        return bool(self.resource)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether something is allowed, and by which rule or why not."""

    is_allowed: bool
    reason: str = ""


class Authenticator(Protocol):
    """Knows users by what their requests carry."""

    def user_of(self, headers: Mapping[str, str]) -> User | None:
        """Who it is; None for nobody we know (401). Raises StatusError for a forbidden impersonation."""


class Authorizer(Protocol):
    """Knows what users may do."""

    def allows(self, user: User, attributes: Attributes) -> Decision:
        """Whether a user may do something."""


def check_access(authorizer: Authorizer, user: User, attributes: Attributes) -> None:
    """Raises StatusError 403, in the words that kubectl's users know, for what is not allowed."""
    decision = authorizer.allows(user, attributes)
    if not decision.is_allowed:
        raise denial(user, attributes, decision.reason)


def denial(user: User, attributes: Attributes, reason: str = "") -> StatusError:
    """The 403 that says who may not do what."""
    why = f": {reason}" if reason else ""
    if not attributes.is_resource:
        return forbidden(
            None, "", f'User "{user.name}" cannot {attributes.verb} path "{attributes.path}"{why}'
        )
    sub = f"/{attributes.subresource}" if attributes.subresource else ""
    where = f'in the namespace "{attributes.namespace}"' if attributes.namespace else "at the cluster scope"
    resource = Resource(attributes.group, attributes.version, attributes.resource, "", False)
    sentence = (
        f'User "{user.name}" cannot {attributes.verb} resource "{attributes.resource}{sub}"'
        f' in API group "{attributes.group}" {where}{why}'
    )
    return forbidden(resource, attributes.name, sentence)
