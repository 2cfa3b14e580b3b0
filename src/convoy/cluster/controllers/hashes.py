"""Short hashes of templates for names and labels. Pure.

Any stable hash serves; the alphabet is that of Kubernetes' own names, without vowels, so that no words arise.
"""

import hashlib
from typing import Any

import orjson

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_LENGTH = 10


def template_hash(template: Any, collisions: int | None = None) -> str:
    """Ten characters that tell a template from others; `collisions` counts those met with other templates."""
    data = orjson.dumps([template, collisions or 0], option=orjson.OPT_SORT_KEYS)
    number = int.from_bytes(hashlib.sha256(data).digest(), "big")
    letters = []
    for _ in range(_LENGTH):
        number, index = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[index])
    return "".join(letters)
