"""What the checks ask of a client library, and how its refusals are told."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Object = dict[str, Any]
PatchType = Literal["merge", "json", "strategic"]


@dataclass(frozen=True)
class Kind:
    """A kind of object and where it lives in the API."""

    api_version: str
    kind: str
    plural: str


CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")
POD = Kind("v1", "Pod", "pods")
DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments")


class RefusedError(Exception):
    """The API server said no."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Ran:
    """How a command in a pod ended."""

    code: int
    stdout: str
    stderr: str


class Talker(Protocol):
    """A client library, in one namespace. Every method raises RefusedError when the server refuses."""

    namespace: str

    def create(self, kind: Kind, obj: Object) -> Object:
        """Make an object."""

    def get(self, kind: Kind, name: str) -> Object:
        """Read an object."""

    def select(self, kind: Kind, *, labels: str = "", fields: str = "", page: int = 0) -> Sequence[Object]:
        """Read several; with `page`, in pages of so many."""

    def replace(self, kind: Kind, obj: Object) -> Object:
        """Write an object anew."""

    def patch(self, kind: Kind, name: str, patch: Any, how: PatchType) -> Object:
        """Change an object."""

    def patch_status(self, kind: Kind, name: str, patch: Any) -> Object:
        """Change its status by a merge patch."""

    def apply(self, kind: Kind, obj: Object, *, manager: str, force: bool = False) -> Object:
        """Apply on the server's side."""

    def scale(self, kind: Kind, name: str, replicas: int) -> None:
        """Write the scale."""

    def delete(self, kind: Kind, name: str) -> None:
        """Delete an object."""

    def watch(self, kind: Kind, *, since: str) -> Iterator[tuple[str, Object]]:
        """Types and objects of events."""

    def exec(self, pod: str, command: Sequence[str]) -> Ran:
        """Run a command."""

    def log(self, pod: str, *, tail: int | None = None) -> str:
        """What a pod wrote."""

    def follow(self, pod: str) -> Iterator[str]:
        """What a pod wrote and writes, by lines."""

    def forward(self, pod: str, port: int) -> AbstractContextManager[Any]:
        """A function that sends bytes to a port of a pod and gives everything that comes back."""
