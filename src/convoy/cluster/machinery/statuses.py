"""Failures of the Kubernetes API, as the Status that a client receives.

Codes, reasons and wording are part of the contract: kubectl prints `The Deployment "x" is invalid: ...`
or `Error from server (NotFound): ...` by `reason` and `details`
(https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from convoy.cluster.machinery.resources import Resource


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that is wrong: `reason` (`FieldValueInvalid`, ...), a sentence, and the field's path."""

    reason: str
    message: str
    field: str = ""

    def to_json(self) -> dict[str, str]:
        """As in `details.causes`."""
        return {
            "reason": self.reason,
            "message": self.message,
            **({"field": self.field} if self.field else {}),
        }


class StatusError(Exception):
    """A request that the API server refuses; `status` is the body that says so, `code` its HTTP status."""

    def __init__(self, code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    @property
    def status(self) -> dict[str, Any]:
        """The Status object."""
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if self.details is not None:
            body["details"] = self.details
        return {**body, "code": self.code}


def _named(resource: Resource, name: str) -> dict[str, Any]:
    group = {"group": resource.group} if resource.group else {}
    return {"name": name, **group, "kind": resource.plural}


def not_found(resource: Resource, name: str) -> StatusError:
    """404: no object of that name."""
    message = f'{resource.group_resource} "{name}" not found'
    return StatusError(404, "NotFound", message, _named(resource, name))


def already_exists(resource: Resource, name: str) -> StatusError:
    """409: create of a name that is taken."""
    message = f'{resource.group_resource} "{name}" already exists'
    return StatusError(409, "AlreadyExists", message, _named(resource, name))


def conflict(
    resource: Resource,
    name: str,
    why: str = "the object has been modified; please apply your changes to the latest version and try again",
) -> StatusError:
    """409: written by someone else since it was read."""
    message = f'Operation cannot be fulfilled on {resource.group_resource} "{name}": {why}'
    return StatusError(409, "Conflict", message, _named(resource, name))


def apply_conflict(causes: Sequence[Cause]) -> StatusError:
    """409: server-side apply of fields that others own; causes of one owner stand together."""
    count = f"{len(causes)} conflict" + ("s" if len(causes) > 1 else "")
    listed = f"{causes[0].message}: {causes[0].field}"
    if len(causes) > 1:
        owners = {
            cause.message: [each.field for each in causes if each.message == cause.message]
            for cause in causes
        }
        listed = "\n".join(
            "\n- ".join([owner.replace("conflict", "conflicts", 1) + ":", *fields])
            for owner, fields in owners.items()
        )
    details = {"causes": [cause.to_json() for cause in causes]}
    return StatusError(409, "Conflict", f"Apply failed with {count}: {listed}", details)


def invalid(resource: Resource, name: str, causes: Sequence[Cause]) -> StatusError:
    """422: an object that breaks its kind's rules; every cause at once."""
    listed = [f"{cause.field}: {cause.message}" if cause.field else cause.message for cause in causes]
    text = listed[0] if len(listed) == 1 else f"[{', '.join(listed)}]"
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    group = {"group": resource.group} if resource.group else {}
    details = {"name": name, **group, "kind": resource.kind, "causes": [cause.to_json() for cause in causes]}
    return StatusError(422, "Invalid", f'{kind} "{name}" is invalid: {text}', details)


def bad_request(message: str) -> StatusError:
    """400: a request that cannot be understood."""
    return StatusError(400, "BadRequest", message)


def unauthorized() -> StatusError:
    """401: nobody that the cluster knows."""
    return StatusError(401, "Unauthorized", "Unauthorized")


def forbidden(resource: Resource | None, name: str, why: str) -> StatusError:
    """403: `why` completes the sentence `pods "x" is forbidden: ...`."""
    if resource is None:
        return StatusError(403, "Forbidden", f"forbidden: {why}", {})
    object_text = f'{resource.group_resource} "{name}"' if name else resource.group_resource
    return StatusError(403, "Forbidden", f"{object_text} is forbidden: {why}", _named(resource, name))


def method_not_allowed(
    what: str = "the server does not allow this method on the requested resource",
) -> StatusError:
    """405."""
    return StatusError(405, "MethodNotAllowed", what, {})


def expired(message: str) -> StatusError:
    """410: a resourceVersion or continue token that is too old; the client lists anew."""
    return StatusError(410, "Expired", message)


def unsupported_media_type(accepted: Sequence[str]) -> StatusError:
    """415: a body in a format that is not taken here."""
    listed = ", ".join(accepted)
    message = f"the body of the request was in an unknown format - accepted media types include: {listed}"
    return StatusError(415, "UnsupportedMediaType", message, {})


def internal_error(message: str) -> StatusError:
    """500: a fault of the server's or of a webhook's."""
    details = {"causes": [{"message": message}]}
    return StatusError(500, "InternalError", f"Internal error occurred: {message}", details)


def field_invalid(path: str, value: str, why: str) -> Cause:
    """`value` is quoted or printed by the caller, as Go prints it."""
    return Cause("FieldValueInvalid", f"Invalid value: {value}: {why}", path)


def field_required(path: str, why: str = "") -> Cause:
    """A field that must be given."""
    return Cause("FieldValueRequired", f"Required value: {why}" if why else "Required value", path)


def field_not_supported(path: str, value: str, supported: Sequence[str]) -> Cause:
    """A value outside a closed set."""
    listed = ", ".join(f'"{item}"' for item in supported)
    return Cause("FieldValueNotSupported", f'Unsupported value: "{value}": supported values: {listed}', path)


def field_forbidden(path: str, why: str) -> Cause:
    """A field that may not be given, or not changed."""
    return Cause("FieldValueForbidden", f"Forbidden: {why}", path)
