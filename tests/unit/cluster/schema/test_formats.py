"""String formats."""

import pytest

from convoy.cluster.schema.formats import is_known, matches


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bsonobjectid", "507f1f77bcf86cd799439011"),
        ("uri", "http://a/b?c=%20"),
        ("uri", "/path"),
        ("email", "a@b.example"),
        ("hostname", "a-b.example.com"),
        ("ipv4", "10.0.0.1"),
        ("ipv6", "fe80::1"),
        ("cidr", "10.0.0.0/8"),
        ("mac", "01:23:45:67:89:ab"),
        ("uuid", "123e4567-e89b-42d3-a456-426614174000"),
        ("uuid4", "123E4567-E89B-42D3-A456-426614174000"),
        ("isbn", "0321751043"),
        ("isbn13", "978-0321751041"),
        ("creditcard", "4111 1111 1111 1111"),
        ("ssn", "111-22-3333"),
        ("hexcolor", "#FFF"),
        ("rgbcolor", "rgb(255, 0, 10)"),
        ("byte", "YQ=="),
        ("password", ""),
        ("date", "2024-02-29"),
        ("date-time", "2024-02-29T01:02:03.5+01:00"),
        ("datetime", "2024-02-29T01:02:03Z"),
        ("duration", "1h30m"),
        ("duration", "22 seconds"),
    ],
)
def test_a_text_of_a_format_is_known(name: str, text: str):
    assert is_known(name)
    assert matches(name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bsonobjectid", "507f"),
        ("uri", "a b"),
        ("uri", "no-scheme"),
        ("email", "a"),
        ("hostname", "a_b"),
        ("hostname", "-a"),
        ("ipv4", "fe80::1"),
        ("ipv6", "10.0.0.1"),
        ("cidr", "10.0.0.1"),
        ("cidr", "10.0.0.0/255.0.0.0"),
        ("mac", "01:23:45"),
        ("uuid3", "123e4567-e89b-42d3-a456-426614174000"),
        ("isbn10", "0321751044"),
        ("isbn13", "978-0321751042"),
        ("creditcard", "4111 1111 1111 1112"),
        ("rgbcolor", "rgb(256,0,0)"),
        ("byte", "*"),
        ("date", "2023-02-29"),
        ("date-time", "2024-02-30T01:02:03Z"),
        ("duration", "5"),
        ("duration", "1 fortnight"),
    ],
)
def test_another_text_is_not(name: str, text: str):
    assert not matches(name, text)


def test_other_names_say_nothing():
    assert not is_known("int32")
    assert not is_known("k8s-short-name")
