"""Compiled rules, and what they say of one value."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cel_expr_python import cel

from convoy.cluster.schema.cel.library import called_functions, configuration

_SELF: Final = ("self",)
_BOTH: Final = ("self", "oldSelf")
_LONGEST_MESSAGE: Final = 5 * 1024
_OVERLOAD: Final = "no such overload"

# A variable cannot be an optional, but what is bound inside an expression can.
_SOME_OLD: Final = "cel.bind(oldSelf, optional.of(oldSelf),\n"
_NO_OLD: Final = "cel.bind(oldSelf, optional.none(),\n"

# What the interpreter of C++ says, and that of Go for the same.
_ERRORS: Final = (
    (re.compile(r'Key not found in map : "(.*)"', re.DOTALL), r"no such key: \1"),
    (re.compile(r"Key not found in map : (.*)", re.DOTALL), r"no such key: \1"),
    (re.compile(r"Index error: index=(-?\d+) size=\d+"), r"index out of bounds: \1"),
    (re.compile(r"No matching overloads found.*", re.DOTALL), _OVERLOAD),
    (re.compile(r"divide by zero"), "division by zero"),
)


class RuleError(Exception):
    """An expression came to nothing; the text says why, as Go's interpreter would."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One of a schema's x-kubernetes-validations."""

    source: Mapping[str, Any]

    @property
    def expression(self) -> str:
        """The rule itself."""
        return str(self.source["rule"])

    @property
    def takes_optional_old(self) -> bool:
        """Whether it is asked even where there is no old value."""
        return bool(self.source.get("optionalOldSelf"))

    @property
    def title(self) -> str:
        """What errors call it."""
        return str(self.source.get("message") or self.expression).strip()

    def message(self, data: Mapping[str, Any]) -> str:
        """What to tell when it does not hold: messageExpression's text, else the message, else the rule."""
        if expression := self.source.get("messageExpression"):
            try:
                text = str(evaluate(expression, data, old_is_optional=self.takes_optional_old)).strip()
            except RuleError:
                text = ""
            if text and len(text) <= _LONGEST_MESSAGE and "\n" not in text:
                return text
        message = str(self.source.get("message") or "").strip()
        return message or f"failed rule: {self.expression.strip()}"


def holds(rule: Rule, data: Mapping[str, Any]) -> bool:
    """Whether a rule holds for `self` (and `oldSelf`); RuleError when it comes to nothing."""
    return evaluate(rule.expression, data, old_is_optional=rule.takes_optional_old) is True


def uses_old_self(expression: str) -> bool:
    """Whether an expression that compiles compares with the old value."""
    return _compiled(expression)[1]


def evaluate(expression: str, data: Mapping[str, Any], *, old_is_optional: bool = False) -> Any:
    """An expression's value; RuleError when it comes to nothing."""
    if old_is_optional:
        expression = f"{_SOME_OLD if 'oldSelf' in data else _NO_OLD}{expression}\n)"
    program, _ = _compiled(expression)
    result = program.eval(data=dict(data))
    if result.type() == cel.Type.ERROR:
        raise RuleError(words(str(result.plain_value())))
    return result.plain_value()


@functools.lru_cache(maxsize=4096)
def _compiled(expression: str) -> tuple[Any, bool]:
    """The program, and whether it reads `oldSelf`; RuleError when it does not compile."""
    try:
        return _environment(_SELF).compile(expression), False
    except RuntimeError as error:
        if re.search(r"undeclared reference to 'oldSelf\b", str(error)) is None:
            raise RuleError(f"rule compile error: {error}") from error
    try:
        return _environment(_BOTH).compile(expression), True
    except RuntimeError as error:
        raise RuleError(f"rule compile error: {error}") from error


@functools.cache
def _environment(variables: tuple[str, ...]) -> cel.Env:
    return cel.NewEnv(
        config=configuration(with_bindings=True),
        variables=dict.fromkeys(variables, cel.Type.DYN),
        functions=called_functions(),
    )


def words(text: str) -> str:
    """An error of the interpreter, as that of Go says it."""
    text = re.sub(r"^[A-Z_]+: ", "", text)
    for pattern, replacement in _ERRORS:
        if pattern.search(text):
            return pattern.sub(replacement, text)
    return text


def is_overload_error(error: RuleError) -> bool:
    """Whether a call met a value of a type that it does not take."""
    return str(error).startswith(_OVERLOAD)
