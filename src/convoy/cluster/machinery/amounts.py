"""Numbers that may be percentages (`25%`). Pure."""

import math
from typing import Any


def resolve_amount(value: Any, total: int, *, round_up: bool, default: Any = 0) -> int:
    """An int, or a share of `total` when it is a percentage; what cannot be read counts as 0."""
    value = default if value is None else value
    if isinstance(value, int):
        return value
    text = str(value).strip()
    if not text.endswith("%"):
        return int(text) if text.isdecimal() else 0
    if not text[:-1].isdecimal():
        return 0
    share = int(text[:-1]) * total
    return math.ceil(share / 100) if round_up else share // 100
