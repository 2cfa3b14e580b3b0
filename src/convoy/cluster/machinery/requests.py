"""Who asks for a change, and how it is to be made."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

FieldValidation = Literal["Strict", "Warn", "Ignore"]
PatchKind = Literal["json", "merge", "strategic", "apply"]
Propagation = Literal["Background", "Foreground", "Orphan"]

_MOST_WARNINGS = 64


@dataclass(frozen=True, slots=True)
class User:
    """An authenticated user, as in a TokenReview's status."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As the UserInfo of reviews."""
        info: dict[str, Any] = {"username": self.name, "groups": list(self.groups)}
        if self.uid:
            info["uid"] = self.uid
        if self.extra:
            info["extra"] = {key: list(values) for key, values in self.extra.items()}
        return info


ADMIN = User("kubernetes-admin", ("system:masters", "system:authenticated"))


def system_user(component: str) -> User:
    """The user that a part of the cluster acts as."""
    return User(f"system:{component}", ("system:masters", "system:authenticated"))


@dataclass(slots=True)
class WriteOptions:
    """How one write is made; `warnings` is filled in the course of it, for the `Warning` header."""

    user: User = ADMIN
    manager: str = ""  # the field manager
    dry_run: bool = False
    field_validation: FieldValidation = "Warn"
    force: bool = False  # take fields over in server-side apply
    check_create: Callable[[], None] | None = (
        None  # raises when who may patch may not create what apply would
    )
    is_internal: bool = False  # a controller's own write: typed by us, so not pruned or checked for strays
    warnings: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        """Tell the client, once; of very many only the first, as clients limit headers."""
        if len(self.warnings) < _MOST_WARNINGS and text not in self.warnings:
            self.warnings.append(text)


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch's body, parsed: a list of operations for `json`, otherwise an object."""

    kind: PatchKind
    body: Any


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """As the API's DeleteOptions; `grace_period_seconds` None is the object's own."""

    grace_period_seconds: int | None = None
    propagation: Propagation | None = None
    uid: str = ""  # precondition
    resource_version: str = ""  # precondition
