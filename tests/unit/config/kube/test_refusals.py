"""Facts about what refusals say."""

import json

import pytest

from convoy.config.errors import Attempt
from convoy.config.kube.refusals import refusal, refusal_of_status

LIST = Attempt("list", "leases.coordination.k8s.io", "east")
WATCH = Attempt("watch", "pods", "east", namespace="shop")
UPDATE = Attempt("update", "services", "east", namespace="shop", name="web")


def body(message="", reason="", code=0):
    return json.dumps({"kind": "Status", "message": message, "reason": reason, "code": code}).encode()


@pytest.mark.parametrize(
    ("attempt", "status", "content", "text"),
    [
        (
            LIST,
            403,
            body(
                'leases is forbidden: User "system:serviceaccount:a:b" cannot list resource "leases" in ...'
            ),
            "list of leases.coordination.k8s.io in cluster east failed: 403 Forbidden; the role of"
            ' system:serviceaccount:a:b lacks "list" on leases.coordination.k8s.io',
        ),
        (
            WATCH,
            403,
            body('User "x" cannot watch resource "pods"'),
            "watch of pods in namespace shop in cluster east failed: 403 Forbidden; the role of x lacks"
            ' "watch" on pods in namespace shop',
        ),
        (
            WATCH,
            403,
            body('User "system:anonymous" cannot watch resource "pods"'),
            "watch of pods in namespace shop in cluster east failed: 403 Forbidden; no credentials were sent"
            " that the cluster knows",
        ),
        (
            UPDATE,
            403,
            body("exceeded quota"),
            "update of services shop/web in cluster east failed: 403 Forbidden; exceeded quota",
        ),
        (
            UPDATE,
            401,
            body("Unauthorized"),
            "update of services shop/web in cluster east failed: 401 Unauthorized; the credentials were not"
            " accepted",
        ),
        (
            UPDATE,
            502,
            b"<html>bad gateway</html>",
            "update of services shop/web in cluster east failed: 502 Bad Gateway; <html>bad gateway</html>",
        ),
        (UPDATE, 503, b"", "update of services shop/web in cluster east failed: 503 Service Unavailable"),
        (UPDATE, 555, b"", "update of services shop/web in cluster east failed: 555"),
        (UPDATE, 500, b'{"message": 7}', "update of services shop/web in cluster east failed: 500 Internal"),
    ],
)
def test_refusal_says_what_was_tried_and_why_not(attempt, status, content, text):
    error = refusal(attempt, status, content)
    assert str(error).startswith(text)
    assert error.status == status


def test_status_in_a_watch_is_a_refusal():
    error = refusal_of_status(WATCH, {"kind": "Status", "code": 410, "reason": "Expired", "message": "old"})
    assert (error.is_gone, error.reason) == (True, "Expired")
    assert refusal_of_status(WATCH, {"code": "x"}).status == 500


def test_long_words_are_cut():
    assert len(str(refusal(UPDATE, 500, b"x" * 10_000))) < 700
