"""AdmissionReview v1 as bytes in and out; pure.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#request
"""

import base64
from collections.abc import Sequence
from typing import Any

import msgspec

REVIEW_VERSION = "admission.k8s.io/v1"
_REVIEW_KIND = "AdmissionReview"
# The API server cuts all warnings of an answer off at 4096 bytes, and then those above 256 at 256.
_MOST_WARNINGS = 4096


class ReviewError(Exception):
    """A body that is no AdmissionReview v1 with a request; the text is a sentence."""


class GroupVersionKind(msgspec.Struct, frozen=True):
    """What kind the object is in."""

    group: str = ""
    version: str = ""
    kind: str = ""


class AdmissionRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One write as the API server tells it; fields that nobody here needs are left out.

    `object` is None for DELETE and `old_object` for CREATE. `has_nulls` says whether there may be a null in
    `object`, which costs its reader time.
    """

    uid: str
    operation: str
    kind: GroupVersionKind = GroupVersionKind()
    name: str = ""
    namespace: str = ""
    sub_resource: str = ""
    object: Any = None
    old_object: Any = None
    dry_run: bool | None = None
    has_nulls: bool = True


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: allowed, perhaps changed by the operations of a JSON patch; or refused with a message.

    `warnings` are shown to whoever writes, in both cases; `causes` are the refusal's parts for programs, as
    `status.details.causes` has them.
    """

    allowed: bool = True
    message: str = ""
    code: int = 400
    reason: str = "BadRequest"
    causes: Sequence[dict[str, str]] = ()
    warnings: Sequence[str] = ()
    patch: Sequence[dict[str, Any]] = ()


class _Request(AdmissionRequest, frozen=True, kw_only=True, rename="camel"):
    object: msgspec.Raw = msgspec.Raw(b"null")


class _Review(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    api_version: str = ""
    kind: str = ""
    request: _Request | None = None


_DECODER = msgspec.json.Decoder(_Review)


def decode_review(body: bytes) -> AdmissionRequest:
    """The request in a review. ReviewError for anything else."""
    try:
        review = _DECODER.decode(body)
        if review.kind != _REVIEW_KIND or review.api_version != REVIEW_VERSION or review.request is None:
            raise ReviewError(f"The body is no {_REVIEW_KIND} of {REVIEW_VERSION} with a request.")
        obj = msgspec.json.decode(review.request.object)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ReviewError(f"The body is no {_REVIEW_KIND}: {error}.") from None
    request = review.request
    return AdmissionRequest(
        uid=request.uid,
        operation=request.operation,
        kind=request.kind,
        name=request.name,
        namespace=request.namespace,
        sub_resource=request.sub_resource,
        object=obj,
        old_object=request.old_object,
        dry_run=request.dry_run,
        has_nulls=b"null" in bytes(request.object),
    )


def encode_verdict(uid: str, verdict: Verdict) -> bytes:
    """The review with the answer to the request of this uid."""
    response: dict[str, Any] = {"uid": uid, "allowed": verdict.allowed}
    if warnings := _within_limit(verdict.warnings):
        response["warnings"] = warnings
    if not verdict.allowed:
        response["status"] = {
            "status": "Failure",
            "message": verdict.message,
            "reason": verdict.reason,
            "code": verdict.code,
            **({"details": {"causes": list(verdict.causes)}} if verdict.causes else {}),
        }
    elif verdict.patch:
        response["patchType"] = "JSONPatch"
        response["patch"] = base64.b64encode(msgspec.json.encode(verdict.patch)).decode()
    return msgspec.json.encode({"apiVersion": REVIEW_VERSION, "kind": _REVIEW_KIND, "response": response})


def _within_limit(warnings: Sequence[str]) -> list[str]:
    """As many as the API server passes on whole, and how many there are beyond; each in one line."""
    lines = [" ".join(warning.split()) for warning in warnings]
    kept: list[str] = []
    room = _MOST_WARNINGS - len("And 1000 more warnings.")
    for line in lines:
        room -= len(line.encode())
        if room < 0:
            kept.append(f"And {len(lines) - len(kept)} more warnings.")
            break
        kept.append(line)
    return kept
