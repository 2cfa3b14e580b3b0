"""Paths of the API, taken apart."""

import pytest

from convoy.cluster.apiserver.paths import Path, parse_path


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("/api/v1/pods", ("", "v1", "pods", "", "", "")),
        ("/api/v1/pods/", ("", "v1", "pods", "", "", "")),
        ("/api/v1/nodes/n1/status", ("", "v1", "nodes", "", "n1", "status")),
        ("/api/v1/namespaces", ("", "v1", "namespaces", "", "", "")),
        ("/api/v1/namespaces/a", ("", "v1", "namespaces", "a", "a", "")),
        ("/api/v1/namespaces/a/finalize", ("", "v1", "namespaces", "a", "a", "finalize")),
        ("/api/v1/namespaces/a/pods", ("", "v1", "pods", "a", "", "")),
        ("/api/v1/namespaces/a/pods/p/log", ("", "v1", "pods", "a", "p", "log")),
        ("/apis/apps/v1/namespaces/a/deployments/d/scale", ("apps", "v1", "deployments", "a", "d", "scale")),
        ("/apis/e.com/v1/namespaces/a/x/sys%3Aname%2Fy", ("e.com", "v1", "x", "a", "sys:name/y", "")),
    ],
)
def test_paths_of_objects_say_what_they_name(text, parsed):
    path = parse_path(text)
    assert (path.group, path.version, path.resource, path.namespace, path.name, path.subresource) == parsed


@pytest.mark.parametrize(
    "text",
    [
        "/",
        "/api",
        "/api/v1",
        "/apis/apps",
        "/apis/apps/v1",
        "/openapi/v3/api/v1",
        "/api/v1//pods",
        "/apis//v1/pods",
    ],
)
def test_other_paths_name_no_resource(text):
    assert parse_path(text).resource == ""


def test_a_prefix_is_taken_off_and_demanded():
    assert parse_path("/clusters/a/api/v1/pods", prefix="/clusters/a") == parse_path("/api/v1/pods")
    assert parse_path("/api/v1/pods", prefix="/clusters/a") is None


def test_what_is_below_a_subresource_is_kept():
    assert parse_path("/api/v1/namespaces/a/services/s/proxy/x/y").rest == ("x", "y")


def test_half_characters_do_not_travel_on():
    path = parse_path("/api/v1/namespaces/\udcff/pods/%ff%ed%a0%80")
    assert isinstance(path, Path)
    (path.namespace + path.name + path.text).encode()
