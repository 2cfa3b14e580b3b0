"""What the environment says, and what a sidecar's header says about the caller."""

import pytest

import bookinfo
import reviews


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "http://reviews:9080"),
        ({"SERVICES_DOMAIN": "default.svc"}, "http://reviews.default.svc:9080"),
        ({"REVIEWS_HOSTNAME": "reviews.default.global"}, "http://reviews.default.global:9080"),
        ({"REVIEWS_SERVICE_PORT": "8080"}, "http://reviews:8080"),
        ({"RATINGS_HOSTNAME": "elsewhere"}, "http://reviews:9080"),
    ],
)
def test_services_are_called_where_the_environment_says(environ: dict[str, str], url: str) -> None:
    assert bookinfo.service_url("reviews", environ) == url


@pytest.mark.parametrize(
    ("environ", "color"),
    [
        ({}, None),
        ({"SERVICE_VERSION": "v1"}, None),
        ({"SERVICE_VERSION": "v2"}, "black"),
        ({"SERVICE_VERSION": "v3"}, "red"),
        ({"SERVICE_VERSION": "v3", "ENABLE_RATINGS": "false"}, None),
        ({"SERVICE_VERSION": "v1", "ENABLE_RATINGS": "true"}, "black"),
        ({"SERVICE_VERSION": "v2", "STAR_COLOR": "green"}, "green"),
        ({"ENABLE_RATINGS": "true", "STAR_COLOR": "red"}, "red"),
        ({"STAR_COLOR": "red"}, None),
    ],
)
def test_version_decides_the_stars_unless_overridden(environ: dict[str, str], color: str | None) -> None:
    assert reviews.parse_star_color(environ) == color


@pytest.mark.parametrize(
    ("header", "identity"),
    [
        ("", ""),
        ("Hash=ab", ""),
        ("By=spiffe://td/me;Hash=ab;URI=spiffe://td/you", "spiffe://td/you"),
        ('Subject="CN=a,URI=spiffe://td/forged;O=\\"b\\"";URI=spiffe://td/you;DNS=x', "spiffe://td/you"),
        ("URI=spiffe://td/first,By=x;URI=spiffe://td/last", "spiffe://td/last"),
        ("URI=spiffe://td/first,Hash=ab", ""),
        ('URI="spiffe://td/you"', "spiffe://td/you"),
    ],
)
def test_caller_is_the_last_hop_of_the_header(header: str, identity: str) -> None:
    assert reviews.caller_identity(header) == identity
