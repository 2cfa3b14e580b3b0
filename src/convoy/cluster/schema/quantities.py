"""Resource quantities: `100m`, `1.5Gi`, `2e6`.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

import re
from decimal import Context, Decimal
from typing import Final

_SYNTAX: Final = re.compile(
    r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?", re.ASCII
)
_DECIMAL: Final = {suffix: 10 ** (3 * power) for power, suffix in enumerate("kMGTPE", 1)}
_BINARY: Final = {f"{suffix}i": 1 << (10 * power) for power, suffix in enumerate("KMGTPE", 1)}
_SMALL: Final = {"n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3")}
_EXACT: Final = Context(prec=100)
# Decimal's own arithmetic gives up on exponents of a million; no node has as much, nor as little.
_MOST_POWERS: Final = 400


def is_quantity(text: str) -> bool:
    """Whether a text is a quantity."""
    return _SYNTAX.fullmatch(text) is not None


def parse_quantity(text: str) -> Decimal:
    """Its exact value; ValueError when the text is none."""
    found = _SYNTAX.fullmatch(text)
    if found is None:
        raise ValueError(
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )
    digits, suffix = Decimal(found[1]), found[2] or ""
    if suffix in _SMALL:
        return _EXACT.multiply(digits, _SMALL[suffix])
    if (factor := _DECIMAL.get(suffix) or _BINARY.get(suffix)) is not None:
        return _EXACT.multiply(digits, Decimal(factor))
    if not suffix:
        return digits
    return _EXACT.scaleb(digits, max(-_MOST_POWERS, min(_MOST_POWERS, int(Decimal(suffix[1:])))))


def canonical(value: Decimal) -> str:
    """The same text for equal values."""
    return f"{value.normalize(_EXACT):f}"
