"""Label selectors, from the query parameter and from the LabelSelector type of the API.

Grammar and wording: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#api.
A label that is absent satisfies `!=`, `notin` and `!key`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from convoy.cluster.machinery.statuses import StatusError, bad_request

_TOKEN = re.compile(r"\s*(==|!=|[=!(),<>]|[^\s=!(),<>]+|$)")
_SYMBOLS = frozenset({"==", "!=", "=", "!", "(", ")", ",", "<", ">", ""})
_OPERATORS = {
    "=": "In",
    "==": "In",
    "!=": "NotIn",
    "in": "In",
    "notin": "NotIn",
    ">": "Gt",
    "<": "Lt",
}
_SET_WORDS = {"In": "in", "NotIn": "notin"}
_NAME = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)")
_PREFIX = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAME_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
    "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_PREFIX_RULE = (
    "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for "
    "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition: `operator` is In, NotIn, Exists, DoesNotExist, Gt or Lt."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether labels satisfy it."""
        value = labels.get(self.key)
        if self.operator == "In":
            return value is not None and value in self.values
        if self.operator == "NotIn":
            return value is None or value not in self.values
        if self.operator in ("Exists", "DoesNotExist"):
            return (value is not None) == (self.operator == "Exists")
        return value is not None and self._compares(value)

    def _compares(self, value: str) -> bool:
        (limit,) = self.values
        if not _is_integer(value):
            return False
        return int(value) > int(limit) if self.operator == "Gt" else int(value) < int(limit)


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """Every requirement must hold; None selects nothing at all."""

    requirements: tuple[Requirement, ...] | None = ()

    @property
    def is_everything(self) -> bool:
        """Whether it selects whatever there is."""
        return self.requirements == ()

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        """Whether it selects an object with these labels."""
        if self.requirements is None:
            return False
        return all(requirement.holds(labels or {}) for requirement in self.requirements)


EVERYTHING = LabelSelector()
NOTHING = LabelSelector(None)


def parse_label_selector(text: str) -> LabelSelector:
    """The selector of `?labelSelector=`; raises StatusError 400 with the words of the real parser."""
    return LabelSelector(tuple(_Parser(text).requirements()))


def label_selector_text(selector: Mapping[str, Any] | None) -> str:
    """A label selector as one writes it after `-l`; empty when it selects everything."""
    selector = selector or {}
    parts = [(key, f"{key}={value}") for key, value in (selector.get("matchLabels") or {}).items()]
    for requirement in selector.get("matchExpressions") or ():
        key, operator = requirement.get("key", ""), requirement.get("operator")
        if operator in _SET_WORDS:
            values = ",".join(sorted(requirement.get("values") or ()))
            parts.append((key, f"{key} {_SET_WORDS[operator]} ({values})"))
        else:
            parts.append((key, f"!{key}" if operator == "DoesNotExist" else key))
    return ",".join(part for _, part in sorted(parts, key=lambda part: part[0]))


def label_selector_of(selector: Mapping[str, Any] | None) -> LabelSelector:
    """The selector that `matchLabels` and `matchExpressions` say; a missing one selects nothing.

    Raises StatusError 400 for an unknown operator or values that do not fit it.
    """
    if selector is None:
        return NOTHING
    requirements = [
        Requirement(key, "In", frozenset({value}))
        for key, value in sorted((selector.get("matchLabels") or {}).items())
    ]
    for expression in selector.get("matchExpressions") or ():
        operator = expression.get("operator", "")
        if operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
            raise bad_request(f'"{operator}" is not a valid label selector operator')
        values = expression.get("values") or ()
        requirements.append(_checked(expression.get("key", ""), operator, values))
    return LabelSelector(tuple(requirements))


def labels_of(obj: Mapping[str, Any]) -> Mapping[str, str]:
    """The labels of an object."""
    found: Mapping[str, str] = obj["metadata"].get("labels") or {}
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._position = 0

    def requirements(self) -> Iterator[Requirement]:
        """Each requirement in turn, to the end of the text."""
        if self._peek() == "" and len(self._tokens) == 1:
            return
        while True:
            if self._peek() in _SYMBOLS - {"!"}:
                self._fail("!, identifier, or 'end of string'")
            yield self._requirement()
            separator = self._next()
            if separator == "":
                return
            if separator != ",":
                raise bad_request(f"found '{separator}', expected: ',' or 'end of string'")
            if self._peek() in _SYMBOLS - {"!"}:
                self._fail("identifier after ','")

    def _requirement(self) -> Requirement:
        is_negated = self._peek() == "!"
        if is_negated:
            self._next()
        key = self._next()
        if key in _SYMBOLS:
            raise _unparsable(f"found '{key}', expected: identifier")
        _check_key(key)
        if is_negated or self._peek() in ("", ","):
            return Requirement(key, "DoesNotExist" if is_negated else "Exists")
        sign = self._next()
        operator = _OPERATORS.get(sign)
        if operator is None:
            raise _unparsable(f"found '{sign}', expected: in, notin, =, ==, !=, gt, lt")
        values = self._values() if sign in ("in", "notin") else [self._exact_value()]
        return _checked(key, operator, values)

    def _exact_value(self) -> str:
        if self._peek() in ("", ","):
            return ""
        value = self._next()
        if value in _SYMBOLS:
            raise _unparsable(f"found '{value}', expected: identifier")
        return value

    def _values(self) -> list[str]:
        if (opening := self._next()) != "(":
            raise _unparsable(f"found '{opening}' expected: '('")
        if self._peek() == ")":
            self._next()
            return []
        values = [""]
        while (token := self._next()) != ")":
            if token == ",":
                values.append("")
            elif token in _SYMBOLS or values[-1]:
                raise _unparsable(f"found '{token}', expected: ',', ')' or identifier")
            else:
                values[-1] = token
        return values

    def _peek(self) -> str:
        return self._tokens[self._position]

    def _next(self) -> str:
        token = self._tokens[self._position]
        self._position = min(self._position + 1, len(self._tokens) - 1)
        return token

    def _fail(self, expected: str) -> NoReturn:
        raise bad_request(f"found '{self._peek()}', expected: {expected}")


def _tokens(text: str) -> Iterator[str]:
    position = 0
    while True:
        match = _TOKEN.match(text, position)
        assert match is not None  # some alternative fits anything
        yield match[1]
        if not match[1]:
            return
        position = match.end()


def _unparsable(why: str) -> StatusError:
    return bad_request(f"unable to parse requirement: {why}")


def _checked(key: str, operator: str, values: Any) -> Requirement:
    _check_key(key)
    if operator in ("In", "NotIn") and not values:
        raise _unparsable("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty")
    if operator in ("Exists", "DoesNotExist") and values:
        raise _unparsable("values: Invalid value: []: values set must be empty for exists and does not exist")
    for position, value in enumerate(values):
        if operator in ("Gt", "Lt") and not _is_integer(value):
            why = "for 'Gt', 'Lt' operators, the value must be an integer"
            raise _unparsable(f'values[{position}]: Invalid value: "{value}": {why}')
        if value and (not _NAME.fullmatch(value) or len(value) > 63):
            rule = _VALUE_RULE if len(value) <= 63 else "must be no more than 63 characters"
            raise _unparsable(f'values[{position}][{key}]: Invalid value: "{value}": {rule}')
    return Requirement(key, operator, frozenset(values))


def _check_key(key: str) -> None:
    prefix, slash, name = key.rpartition("/")
    if slash and (len(prefix) > 253 or not _PREFIX.fullmatch(prefix)):
        raise _unparsable(f'key: Invalid value: "{key}": {_PREFIX_RULE}')
    if len(name) > 63:
        raise _unparsable(f'key: Invalid value: "{key}": name part must be no more than 63 characters')
    if not _NAME.fullmatch(name):
        raise _unparsable(f'key: Invalid value: "{key}": {_NAME_RULE}')


def _is_integer(text: str) -> bool:
    return bool(re.fullmatch(r"[-+]?[0-9]{1,19}", text))
