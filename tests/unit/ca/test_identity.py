"""Facts about SPIFFE identities."""

import pytest

from convoy.ca.errors import IdentityError
from convoy.ca.identity import Identity, parse_spiffe_id, spiffe_id


def test_identity_is_written_as_istio_does():
    uri = spiffe_id("cluster.local", "default", "bookinfo-reviews")
    assert uri == "spiffe://cluster.local/ns/default/sa/bookinfo-reviews"


def test_parsing_gives_back_the_parts():
    identity = Identity("cluster.local", "default", "bookinfo-reviews")
    assert parse_spiffe_id(identity.spiffe_id) == identity


@pytest.mark.parametrize(
    "uri",
    [
        "spiffe://cluster.local/ns/default",
        "spiffe://cluster.local/ns/default/sa/a/b",
        "spiffe://cluster.local/ns/default/sa/",
        "spiffe://Cluster.Local/ns/default/sa/a",
        "spiffe://cluster.local/ns/../sa/a",
        "spiffe://cluster.local/ns/default/sa/a?x=1",
        "spiffe://user@cluster.local/ns/default/sa/a",
        "https://cluster.local/ns/default/sa/a",
        "spiffe://cluster.local/ns/default/sa/a\n",
        "",
    ],
)
def test_other_uris_are_refused(uri):
    with pytest.raises(IdentityError):
        parse_spiffe_id(uri)


@pytest.mark.parametrize(
    "parts", [("", "ns", "sa"), ("td", "a/b", "sa"), ("td", "ns", ""), ("td", "ns", "a%2f")]
)
def test_parts_that_would_change_the_path_are_refused(parts):
    with pytest.raises(IdentityError):
        spiffe_id(*parts)
