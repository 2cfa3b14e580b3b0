"""Answers and refusals in the words of the real server."""

from convoy.cluster.apiserver.access import Attributes, denial
from convoy.cluster.apiserver.answers import refusal, warning_headers
from convoy.cluster.apiserver.listing import too_large
from convoy.cluster.machinery.requests import User

BOB = User("bob")


def test_denials_name_user_verb_resource_and_place():
    attributes = Attributes("get", "", "v1", "pods", "log", "default", "a")
    assert denial(BOB, attributes).message == (
        'pods "a" is forbidden: User "bob" cannot get resource "pods/log" in API group "" '
        'in the namespace "default"'
    )
    attributes = Attributes("list", "apps", "v1", "deployments")
    assert denial(BOB, attributes, "no rule").message == (
        'deployments.apps is forbidden: User "bob" cannot list resource "deployments" '
        'in API group "apps" at the cluster scope: no rule'
    )
    assert denial(BOB, Attributes("get", path="/metrics")).message == (
        'forbidden: User "bob" cannot get path "/metrics"'
    )


def test_warnings_are_quoted_and_stay_on_their_line():
    assert warning_headers(['unknown field "spec.foo"\r\nX: y']) == (
        ("Warning", '299 - "unknown field \\"spec.foo\\"  X: y"'),
    )


def test_a_refusal_that_says_when_to_come_again_has_the_header():
    assert refusal(too_large(5, 4)).headers == (("Retry-After", "1"),)
