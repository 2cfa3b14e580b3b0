"""Answers as the server sends them: bytes with a status and headers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from convoy.cluster.machinery.statuses import StatusError

JSON = "application/json"
Header = tuple[str, str]
_LONGEST_WARNING = 1000  # clients limit the length of a header


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; watches and streams send theirs themselves."""

    body: bytes
    status: int = 200
    media_type: str = JSON
    headers: tuple[Header, ...] = ()

    def adding(self, headers: Sequence[Header]) -> "Answer":
        """The same with more headers."""
        return replace(self, headers=(*self.headers, *headers)) if headers else self


def json_answer(value: Any, *, status: int = 200, media_type: str = JSON) -> Answer:
    """An answer of this value."""
    return Answer(orjson.dumps(value), status, media_type)


def text_answer(text: str, *, status: int = 200) -> Answer:
    """An answer in plain text, as health checks give."""
    return Answer(text.encode(), status, "text/plain; charset=utf-8")


NOT_FOUND = text_answer("404 page not found\n", status=404)


def refusal(error: StatusError) -> Answer:
    """The answer that says why a request was refused."""
    status = error.status
    seconds = (status.get("details") or {}).get("retryAfterSeconds")
    headers = (("Retry-After", str(seconds)),) if seconds else ()
    return Answer(orjson.dumps(status), error.code, JSON, headers)


def warning_headers(warnings: Sequence[str]) -> tuple[Header, ...]:
    """A `Warning` header for each text (RFC 7234, 5.5), in ASCII because headers have no agreed encoding."""
    return tuple(("Warning", f'299 - "{_quoted(text)}"') for text in warnings)


def _quoted(text: str) -> str:
    printable = "".join(c if c.isprintable() else " " for c in text[:_LONGEST_WARNING])
    return printable.replace("\\", "\\\\").replace('"', '\\"').encode("utf-8", "replace").decode()
