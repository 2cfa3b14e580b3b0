"""quantity() and what can be asked of one."""

from decimal import Decimal

from convoy.cluster.schema.cel.functions import Opaque, member, plain
from convoy.cluster.schema.quantities import canonical, is_quantity, parse_quantity

TYPE = "kubernetes.Quantity"
_KEY = "@quantity"
_LIMIT = 1 << 63


def _wrap(value: Decimal) -> Opaque:
    return {_KEY: canonical(value)}


def _value(quantity: Opaque | int) -> Decimal:
    if isinstance(quantity, int):
        return Decimal(quantity)
    if _KEY not in quantity:
        raise TypeError("no such overload")
    return Decimal(quantity[_KEY])


def _is_integer(quantity: Opaque) -> bool:
    value = _value(quantity)
    return value == value.to_integral_value() and -_LIMIT <= value < _LIMIT


def _as_integer(quantity: Opaque) -> int:
    if not _is_integer(quantity):
        raise ValueError("cannot convert value to integer")
    return int(_value(quantity))


def _compare(one: Opaque, other: Opaque) -> int:
    return int(_value(one).compare(_value(other)))


def _sign(quantity: Opaque) -> int:
    return int(_value(quantity).compare(Decimal(0)))


_PAIR = (TYPE, TYPE)
FUNCTIONS = (
    plain("quantity", lambda text: _wrap(parse_quantity(text)), (("string",), TYPE)),
    plain("isQuantity", is_quantity, (("string",), "bool")),
    plain("sign", _sign, ((TYPE,), "int")),
    member("isGreaterThan", lambda one, other: _compare(one, other) > 0, (_PAIR, "bool")),
    member("isLessThan", lambda one, other: _compare(one, other) < 0, (_PAIR, "bool")),
    member("compareTo", _compare, (_PAIR, "int")),
    member("asApproximateFloat", lambda quantity: float(_value(quantity)), ((TYPE,), "double")),
    member("asInteger", _as_integer, ((TYPE,), "int")),
    member("isInteger", _is_integer, ((TYPE,), "bool")),
    member(
        "add", lambda one, other: _wrap(_value(one) + _value(other)), (_PAIR, TYPE), ((TYPE, "int"), TYPE)
    ),
    member(
        "sub", lambda one, other: _wrap(_value(one) - _value(other)), (_PAIR, TYPE), ((TYPE, "int"), TYPE)
    ),
)
