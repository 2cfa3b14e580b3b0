"""The JSONPath of printer columns: fields, indexes, slices, wildcards, descent and filters.

https://kubernetes.io/docs/reference/kubectl/jsonpath/ ; written with or without braces, from the root `$`,
`@`, a dot or nothing at all. Only one expression, no text around it: columns have no more.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

Step: TypeAlias = Callable[[list[Any]], list[Any]]


@dataclass(frozen=True, slots=True)
class Path:
    """A path that was parsed."""

    steps: tuple[Step, ...]

    def find(self, obj: Any) -> list[Any]:
        """Every value at the path, in document order; nothing where something on the way is missing."""
        values = [obj]
        for step in self.steps:
            values = step(values)
        return values


def parse_path(text: str) -> Path:
    """A path; ValueError says what cannot be read."""
    text = text.strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1].strip()
    return Path(tuple(_Parser(text).steps()))


_NAME = re.compile(r"(?:\\.|[^.\[\]\\\s'\"()=<>!|&])+")
_INTEGER = re.compile(r"-?\d+")
_QUOTED = re.compile(r"'((?:\\.|[^'\\])*)'|\"((?:\\.|[^\"\\])*)\"")
_OPERATOR = re.compile(r"\s*(==|!=|<=|>=|<|>)\s*")
_LITERAL = re.compile(r"true|false|null|-?\d+(?:\.\d+)?")


class _Parser:
    """Reads a path from left to right."""

    def __init__(self, text: str, at: int = 0) -> None:
        self.text = text
        self.at = at

    def steps(self) -> Iterator[Step]:
        """Every step up to the end, or to what is no part of a path."""
        if self.take("$") or self.take("@"):
            pass
        elif match := self.match(_NAME):
            yield _field(_unescape(match[0]))
        while self.at < len(self.text):
            if self.take(".."):
                yield _descend
                if match := self.match(_NAME):
                    yield _named(match[0])
            elif self.take("."):
                match = self.match(_NAME)
                if match:
                    yield _named(match[0])
                elif self.at < len(self.text) and self.text[self.at] != "[":
                    raise self.error("a field's name")
            elif self.take("["):
                yield self.subscript()
            else:
                return

    def subscript(self) -> Step:
        """What is between brackets."""
        if self.take("?("):
            step = self.filter()
            self.expect(")")
        elif self.take("*"):
            step = _children
        elif match := self.match(_QUOTED):
            names = [_unescape(match[1] or match[2] or "")]
            while self.take(","):
                names.append(self.quoted())
            step = _fields(names)
        else:
            step = self.numbers()
        self.expect("]")
        return step

    def quoted(self) -> str:
        """A text in quotes."""
        self.match(re.compile(r"\s*"))
        if match := self.match(_QUOTED):
            return _unescape(match[1] or match[2] or "")
        raise self.error("a name in quotes")

    def numbers(self) -> Step:
        """Indexes `0,2`, or a slice `start:end:step`."""
        first = self.match(_INTEGER)
        if self.take(":"):
            end = self.match(_INTEGER)
            stride = self.match(_INTEGER) if self.take(":") else None
            return _slice(slice(*(int(each[0]) if each else None for each in (first, end, stride))))
        if not first:
            raise self.error("an index")
        indexes = [int(first[0])]
        while self.take(","):
            following = self.match(_INTEGER)
            if not following:
                raise self.error("an index")
            indexes.append(int(following[0]))
        return _items(indexes)

    def filter(self) -> Step:
        """A comparison of what is at `@` with a constant, or whether there is something."""
        inner = _Parser(self.text, self.at)
        path = Path(tuple(inner.steps()))
        self.at = inner.at
        operator = self.match(_OPERATOR)
        if not operator:
            return _where(lambda item: bool(path.find(item)))
        wanted, compare = self.literal(), _COMPARISONS[operator[1]]
        return _where(lambda item: any(compare(value, wanted) for value in path.find(item)))

    def literal(self) -> Any:
        """A text in quotes, a number, true, false or null."""
        if match := self.match(_QUOTED):
            return _unescape(match[1] or match[2] or "")
        if match := self.match(_LITERAL):
            return orjson.loads(match[0])
        raise self.error("a value to compare with")

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """What the pattern finds here, taken."""
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def take(self, token: str) -> bool:
        """Whether the text goes on like this; if so it is taken."""
        is_here = self.text.startswith(token, self.at)
        self.at += len(token) if is_here else 0
        return is_here

    def expect(self, token: str) -> None:
        """Take this, which must be here."""
        if not self.take(token):
            raise self.error(f'"{token}"')

    def error(self, wanted: str) -> ValueError:
        """What is wrong with the path."""
        return ValueError(f'"{self.text}" is no JSON path: {wanted} is missing at position {self.at}')


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _named(name: str) -> Step:
    return _children if name == "*" else _field(_unescape(name))


def _field(name: str) -> Step:
    return _fields([name])


def _fields(names: Sequence[str]) -> Step:
    return lambda values: [
        value[name] for value in values if isinstance(value, dict) for name in names if name in value
    ]


def _items(indexes: Sequence[int]) -> Step:
    return lambda values: [
        value[index]
        for value in values
        if isinstance(value, list)
        for index in indexes
        if -len(value) <= index < len(value)
    ]


def _slice(part: slice) -> Step:
    return lambda values: [item for value in values if isinstance(value, list) for item in value[part]]


def _children(values: list[Any]) -> list[Any]:
    return [child for value in values for child in _children_of(value)]


def _children_of(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _descend(values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        found.append(value)
        found += _descend(_children_of(value))
    return found


def _where(holds: Callable[[Any], bool]) -> Step:
    return lambda values: [child for value in values for child in _children_of(value) if holds(child)]


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def comparison(value: Any, wanted: Any) -> bool:
        both_numbers = all(isinstance(each, int | float) for each in (value, wanted))
        return (both_numbers or (isinstance(value, str) and isinstance(wanted, str))) and compare(
            value, wanted
        )

    return comparison


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda value, wanted: bool(value == wanted),
    "!=": lambda value, wanted: bool(value != wanted),
    "<": _ordered(lambda value, wanted: bool(value < wanted)),
    "<=": _ordered(lambda value, wanted: bool(value <= wanted)),
    ">": _ordered(lambda value, wanted: bool(value > wanted)),
    ">=": _ordered(lambda value, wanted: bool(value >= wanted)),
}
