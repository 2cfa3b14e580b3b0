"""How much work a free JSON value is for whoever reads it.

A value whose form nobody limits may be as large as an object of the API can be, and reading that takes
seconds, in which a control plane does nothing else for anybody.
"""

from typing import Any

# What Envoy's own messages are read with: https://protobuf.dev/programming-guides/proto-limits/
DEEPEST_VALUE = 100
# Is read in about a tenth of a second. Filters that people write have some hundred parts.
HEAVIEST_VALUE = 20_000
# A type is looked up by name, which takes as long as reading so many parts.
_TYPE, _TYPE_WEIGHT = "@type", 20


def measure_value(value: Any) -> tuple[int, int]:
    """How many parts a value has, types counting more, and how deep it is. Without recursion."""
    weight, depth = 0, 0
    level = [value]
    while level:
        depth += 1
        weight += len(level) + _TYPE_WEIGHT * sum(isinstance(one, dict) and _TYPE in one for one in level)
        level = [part for one in level for part in _parts(one)]
    return weight, depth


def find_excess(value: Any) -> str:
    """What is too much about a value, as the end of a sentence; empty when nothing is."""
    weight, depth = measure_value(value)
    if depth > DEEPEST_VALUE:
        return f"is nested {depth} deep, and {DEEPEST_VALUE} is the most"
    if weight > HEAVIEST_VALUE:
        return f"has {weight} parts, and {HEAVIEST_VALUE} is the most"
    return ""


def _parts(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
