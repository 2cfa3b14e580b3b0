"""What may change or refuse an object after it was understood and before it is kept.

The registry asks; webhooks answer (https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from convoy.cluster.machinery.requests import User
from convoy.cluster.machinery.resources import Resource

Operation = Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]
MayUser = Callable[[User, Mapping[str, str]], tuple[bool, str]]
"""Whether a user may do what the attributes (`verb`, `group`, `resource`, ...) say, and by which rule."""


@dataclass(frozen=True, slots=True)
class AdmissionRequest:
    """One write as admission sees it.

    `resource` is the one that keeps the objects and `object` is in its version; `asked` is the one that the
    client wrote to, which differs for old versions. `object` is None for DELETE, `old_object` for CREATE;
    both are the receiver's to read, never to change. `warn` adds a `Warning` header to the answer.
    """

    operation: Operation
    resource: Resource
    asked: Resource
    subresource: str
    namespace: str
    name: str
    object: dict[str, Any] | None
    old_object: dict[str, Any] | None
    options: dict[str, Any]  # CreateOptions, UpdateOptions, DeleteOptions as JSON
    user: User
    dry_run: bool
    warn: Callable[[str], None]


class Admission(Protocol):
    """Both raise the StatusError with which the write is refused."""

    async def mutate(self, request: AdmissionRequest) -> dict[str, Any]:
        """The object as it shall be; `request.object` itself when there is nothing to change."""

    async def validate(self, request: AdmissionRequest) -> None:
        """Look at the final object, or at what is to be deleted."""
