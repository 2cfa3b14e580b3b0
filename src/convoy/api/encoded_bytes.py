"""Bytes in the JSON of the API: base64, as protobuf reads it."""

import base64
import binascii

_URL_SAFE = str.maketrans("-_", "+/")


def parse_bytes(text: str) -> bytes:
    """The bytes; the URL-safe alphabet and missing padding are allowed. Raises ValueError for other text."""
    standard = text.translate(_URL_SAFE).rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except binascii.Error as e:
        raise ValueError(f"not base64: {e}") from e
