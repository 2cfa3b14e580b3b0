"""What the API server serves that no object is: bytes with a media type and an ETag, made once per change."""

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Document:
    """A body as it is sent; `etag` is strong, quoted, and follows from the content alone."""

    body: bytes
    media_type: str
    etag: str


def make_document(body: bytes, media_type: str = "application/json") -> Document:
    """A document of these bytes."""
    return Document(body, media_type, f'"{content_hash(body)}"')


def make_json(value: Any, media_type: str = "application/json") -> Document:
    """A document of this value as JSON."""
    return make_document(orjson.dumps(value), media_type)


def content_hash(body: bytes) -> str:
    """As in ETags and in `?hash=`: 32 characters, upper case."""
    return hashlib.sha256(body).hexdigest()[:32].upper()
