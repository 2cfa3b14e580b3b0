"""Facts about AdmissionReviews as bytes."""

import base64
import json

import pytest
from tests.unit.controlplane.webhooks.reviews import review, rule

from convoy.controlplane.webhooks.reviews import ReviewError, Verdict, decode_review, encode_verdict


def answer(verdict):
    return json.loads(encode_verdict("u-1", verdict))["response"]


def test_request_is_told_with_its_objects():
    request = decode_review(review(rule(), operation="UPDATE", oldObject=rule("b"), dryRun=True, userInfo={}))
    assert (request.uid, request.operation, request.namespace) == ("u-1", "UPDATE", "default")
    assert (request.object, request.old_object["metadata"]["name"]) == (rule(), "b")
    assert request.dry_run
    assert not request.has_nulls


def test_null_in_the_object_is_noticed():
    assert decode_review(review(rule(hosts=None))).has_nulls


def test_deletion_has_no_object():
    assert decode_review(review(None, operation="DELETE", oldObject=rule())).object is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"{}",
        review(rule()).replace(b"admission.k8s.io/v1", b"admission.k8s.io/v1beta1"),
        review(rule()).replace(b"AdmissionReview", b"ConversionReview"),
        review(rule()).replace(b'"request"', b'"response"'),
        review(rule()).replace(b'"uid":"u-1"', b'"uid":5'),
        review(rule()).replace(
            b'"spec":', b'"deep":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b',"spec":', 1
        ),
    ],
)
def test_what_is_no_review_is_told(body):
    with pytest.raises(ReviewError, match="AdmissionReview"):
        decode_review(body)


def test_allowing_says_nothing_more():
    assert answer(Verdict()) == {"uid": "u-1", "allowed": True}


def test_patch_is_encoded():
    response = answer(Verdict(patch=[{"op": "remove", "path": "/a"}]))
    assert response["patchType"] == "JSONPatch"
    assert json.loads(base64.b64decode(response["patch"])) == [{"op": "remove", "path": "/a"}]


def test_refusal_has_a_status():
    causes = [{"field": "spec.a", "message": "m", "reason": "CVY0101"}]
    response = answer(Verdict(allowed=False, message="no", causes=causes, warnings=["w"]))
    assert not response["allowed"]
    assert response["warnings"] == ["w"]
    assert response["status"]["message"] == "no"
    assert response["status"]["code"] == 400
    assert response["status"]["details"]["causes"] == causes


def test_warnings_are_lines_and_end_before_the_api_server_cuts_them():
    warnings = answer(Verdict(warnings=[f"{n}\n" + "x" * 500 for n in range(20)]))["warnings"]
    assert sum(len(each.encode()) for each in warnings) <= 4096
    assert warnings[0] == "0 " + "x" * 500
    assert warnings[-1] == "And 12 more warnings."
