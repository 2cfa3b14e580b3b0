"""What can go wrong in this room beyond the user's objects (those are Problems).

ConfigError
  FolderError      a folder or file named by the user cannot be read at all
  KubeconfigError  how to reach a cluster, and as whom, is not said or cannot be used
  KubeError        a request to a cluster's API failed
"""

from http import HTTPStatus

import msgspec


class ConfigError(Exception):
    """Root of the room's exceptions; the text is a sentence for the user."""


class FolderError(ConfigError):
    """A folder or file named by the user cannot be read."""


class KubeconfigError(ConfigError):
    """A kubeconfig, or a credential that it points to, is missing or cannot be used; no secret is quoted."""


class Attempt(msgspec.Struct, frozen=True):
    """What was tried: an RBAC verb on `resource` (`pods`, `leases.coordination.k8s.io`) of a cluster.

    `name` is empty for lists and watches, `namespace` for all namespaces and what is in none.
    """

    verb: str
    resource: str
    cluster: str
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        name = f"{self.namespace}/{self.name}" if self.namespace and self.name else self.name
        where = f" in namespace {self.namespace}" if self.namespace and not self.name else ""
        return f"{self.verb} of {self.resource}{f' {name}' if name else ''}{where} in cluster {self.cluster}"


class KubeError(ConfigError):
    """A request that failed. `status` is HTTP's, 0 when no answer came; `reason` is Kubernetes' own word.

    `message` is the sentence behind the status: what the API server said, or what is to be done.
    """

    def __init__(self, attempt: Attempt, *, status: int = 0, reason: str = "", message: str = "") -> None:
        self.attempt, self.status, self.reason, self.message = attempt, status, reason, message
        told = f"{_status_text(status)}; {message}" if status and message else message
        super().__init__(f"{attempt} failed: {told or _status_text(status)}")

    @property
    def is_not_found(self) -> bool:
        """The object or the whole resource does not exist."""
        return self.status == HTTPStatus.NOT_FOUND

    @property
    def is_conflict(self) -> bool:
        """The object exists already, or is newer than what was written."""
        return self.status == HTTPStatus.CONFLICT

    @property
    def is_gone(self) -> bool:
        """The state asked for is older than what the API server remembers."""
        return self.status == HTTPStatus.GONE

    @property
    def is_forbidden(self) -> bool:
        """The role does not allow it, or admission refused it."""
        return self.status == HTTPStatus.FORBIDDEN


def _status_text(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status) if status else "no answer came"
