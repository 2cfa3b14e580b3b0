"""Facts about bytes that must not be seen."""

import traceback

import msgspec

from convoy.kit.secrets import SecretBytes

KEY = SecretBytes(b"-----BEGIN PRIVATE KEY-----")


class Holder(msgspec.Struct, frozen=True):
    key: SecretBytes


def test_no_way_of_printing_shows_a_secret():
    shown = [str(KEY), repr(KEY), f"{KEY}", f"{KEY!r}", "%s" % KEY, repr([KEY]), repr(Holder(KEY))]  # noqa: UP031
    assert not any("PRIVATE" in text for text in shown)


def test_a_traceback_with_locals_does_not_show_it():
    def fail(key):
        raise ValueError("no")

    try:
        fail(KEY)
    except ValueError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "<secret>" in shown
    assert "PRIVATE" not in shown


def test_its_owner_gets_the_bytes():
    assert KEY.reveal() == b"-----BEGIN PRIVATE KEY-----"


def test_secrets_are_equal_by_content():
    assert SecretBytes(KEY.reveal()) == KEY
    assert hash(KEY) == hash(SecretBytes(KEY.reveal()))
    assert SecretBytes(b"a") != SecretBytes(b"b")
    assert KEY.reveal() != KEY
