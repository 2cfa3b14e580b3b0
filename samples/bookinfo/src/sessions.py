"""Who is signed in, kept in a cookie that only this service can write.

A cookie is `<user>.<when>.<seal>`: the name as base64, the second it was sealed, and an HMAC-SHA256 of
both. It is readable by its owner and is no secret; it cannot be changed or made up without the key. Copies
of the service that share a key accept each other's cookies.
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

COOKIE = "session"
LIFETIME_SECONDS = 12 * 3600
SHORTEST_KEY = 16
LONGEST_NAME = 64


class Sessions:
    """Seals user names into cookie values and opens them again."""

    def __init__(self, key: bytes, *, now: Callable[[], float] = time.time) -> None:
        """`key` is secret and of any length; `now` gives seconds since the epoch."""
        self._key = key
        self._now = now

    def seal(self, user: str) -> str:
        """A cookie value that says `user`."""
        claim = f"{encode(user.encode())}.{int(self._now())}"
        return f"{claim}.{self._sign(claim)}"

    def open(self, cookie: str) -> str | None:
        """The user a cookie value says; None when it was not sealed with this key or is too old."""
        claim, _, seal = cookie.rpartition(".")
        if not cookie.isascii() or not hmac.compare_digest(seal, self._sign(claim)):
            return None
        user, _, sealed_at = claim.partition(".")
        if int(sealed_at) + LIFETIME_SECONDS < self._now():
            return None
        return decode(user).decode()

    def _sign(self, claim: str) -> str:
        return encode(hmac.digest(self._key, f"bookinfo session {claim}".encode(), hashlib.sha256))


def parse_key(text: str | None) -> bytes:
    """The key that SESSION_KEY spells, or a random one, good for this process alone, when it is not set.

    Raises ValueError when it is too short to be hard to guess.
    """
    if not text:
        return secrets.token_bytes(32)
    if len(text) < SHORTEST_KEY:
        raise ValueError(f"SESSION_KEY has {len(text)} characters; give it {SHORTEST_KEY} or more.")
    return text.encode()


def parse_user(text: str) -> str | None:
    """The user name a person typed, without spaces around it; None when it cannot be one.

    The name travels in a header, so it must be printable: a line break in it could forge another header.
    """
    user = text.strip()
    return user if user.isprintable() and 0 < len(user) <= LONGEST_NAME else None


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
