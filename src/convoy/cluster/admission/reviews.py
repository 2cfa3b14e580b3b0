"""AdmissionReviews, pure: the question to a webhook, and what its answer says.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#webhook-request-and-response
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import orjson

from convoy.cluster.admission.failures import CallError
from convoy.cluster.admission.forms import Form, kind_of
from convoy.cluster.admission.hooks import Hook
from convoy.cluster.admission.matching import namespace_of
from convoy.cluster.machinery.admission import AdmissionRequest
from convoy.cluster.machinery.resources import Resource

_GROUP = "admission.k8s.io"
_PATCH_TYPE = "JSONPatch"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A webhook's answer; `result` is the Status that goes with a no."""

    is_allowed: bool
    operations: list[Any]
    warnings: tuple[str, ...]
    result: dict[str, Any]


def build_question(request: AdmissionRequest, form: Form) -> dict[str, Any]:
    """The AdmissionRequest without `uid` and objects, as conditions see it too."""
    sub = request.subresource
    question: dict[str, Any] = {
        "kind": form.kind.to_json(),
        "resource": _resource(form.resource),
        "requestKind": kind_of(request.asked, sub).to_json(),
        "requestResource": _resource(request.asked),
        "operation": form.operation,
        "userInfo": request.user.to_json(),
        "dryRun": request.dry_run,
        "options": request.options,
    }
    if sub:
        question |= {"subResource": sub, "requestSubResource": sub}
    if request.name:
        question["name"] = request.name
    if namespace := namespace_of(request):
        question["namespace"] = namespace
    return question


def _resource(resource: Resource) -> dict[str, str]:
    return {"group": resource.group, "version": resource.version, "resource": resource.plural}


def encode_review(hook: Hook, uid: str, question: dict[str, Any], form: Form) -> bytes:
    """The body of the request to a webhook."""
    request = {"uid": uid, **question, "object": form.object, "oldObject": form.old_object}
    version = f"{_GROUP}/{hook.review_version}"
    return orjson.dumps({"kind": "AdmissionReview", "apiVersion": version, "request": request})


def read_verdict(hook: Hook, uid: str, body: bytes, *, may_change: bool) -> Verdict:
    """What a webhook answered; raises CallError when it answered something else."""
    try:
        review = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        why = f"couldn't get version/kind; json parse error: {error}"
        raise CallError(f"failed to call webhook: {why}") from error
    try:
        return _read(hook, uid, review, may_change=may_change)
    except ValueError as error:
        raise CallError(f"received invalid webhook response: {error}") from error


def _read(hook: Hook, uid: str, review: Any, *, may_change: bool) -> Verdict:
    if not isinstance(review, dict):
        raise ValueError("an AdmissionReview is an object")
    if review.get("response") is None:
        raise ValueError("webhook response was absent")
    response = _mapping(review, "response")
    if hook.review_version == "v1":
        _check_v1(review, response, uid, may_change=may_change)
    return Verdict(
        is_allowed=response.get("allowed") is True,
        operations=_operations(response) if may_change else [],
        warnings=tuple(text for text in response.get("warnings") or () if isinstance(text, str)),
        result=_mapping(response, "status"),
    )


def _check_v1(review: dict[str, Any], response: dict[str, Any], uid: str, *, may_change: bool) -> None:
    wanted, kind = f"{_GROUP}/v1", "AdmissionReview"
    if (review.get("apiVersion"), review.get("kind")) != (wanted, kind):
        found = f"{review.get('apiVersion', '')}, Kind={review.get('kind', '')}"
        raise ValueError(f"expected webhook response of {wanted}, Kind={kind}, got {found}")
    if response.get("uid") != uid:
        raise ValueError(f'expected response.uid="{uid}", got "{response.get("uid") or ""}"')
    has_patch, patch_type = bool(response.get("patch")), response.get("patchType")
    if not may_change:
        for field in ("patch", "patchType"):
            if response.get(field):
                raise ValueError(f"validating webhook may not return response.{field}")
    elif has_patch and not patch_type:
        raise ValueError("webhook returned response.patch but not response.patchType")
    elif patch_type and not has_patch:
        raise ValueError("webhook returned response.patchType but not response.patch")
    elif patch_type and patch_type != _PATCH_TYPE:
        raise ValueError(f'webhook returned invalid response.patchType of "{patch_type}"')


def _mapping(parent: dict[str, Any], field: str) -> dict[str, Any]:
    value = parent.get(field)
    if value is not None and not isinstance(value, dict):
        raise ValueError(f"{field} is not an object")
    return value or {}


def _operations(response: dict[str, Any]) -> list[Any]:
    """The patch; whether its operations make sense is seen when it is applied."""
    if not response.get("patch"):
        return []
    try:
        operations = orjson.loads(base64.b64decode(response["patch"], validate=True))
    except (TypeError, binascii.Error, orjson.JSONDecodeError) as error:
        raise CallError(f"received undecodable patch in webhook response: {error}") from error
    if not isinstance(operations, list) or not all(isinstance(each, dict) for each in operations):
        raise CallError("received undecodable patch in webhook response: it is no list of operations")
    return operations
