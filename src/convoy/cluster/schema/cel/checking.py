"""Whether rules compile: their types, in the words of the compiler that Kubernetes uses."""

import re
from dataclasses import dataclass
from typing import Final

from cel_expr_python import cel

from convoy.cluster.schema.cel.library import checked_functions, configuration
from convoy.cluster.schema.cel.types import SchemaTypes
from convoy.cluster.schema.nodes import Schema

_BIND_OPTIONAL: Final = "cel.bind(oldSelf, optional.of(self),\n"
_NO_OLD_SELF: Final = re.compile(r"undeclared reference to 'oldSelf\b")


@dataclass(frozen=True, slots=True)
class Checked:
    """What the compiler says: why an expression is none (or ""), and whether it reads `oldSelf`."""

    error: str = ""
    uses_old_self: bool = False


class Checker:
    """Checks expressions of the rules at one node of a schema."""

    def __init__(self, schema: Schema) -> None:
        types = SchemaTypes(schema)
        self.is_visible = types.type is not None  # else no rule can be written here
        self._types = types
        self._environments: dict[str, cel.Env] = {}

    def check_rule(self, expression: str, *, old_is_optional: bool) -> Checked:
        """A rule, which says true or false."""
        error, uses_old_self, result = self._compile(expression, old_is_optional=old_is_optional)
        if error:
            return Checked(f"compilation failed: {error}", uses_old_self)
        if result != cel.Type.BOOL:
            return Checked("cel expression must evaluate to a bool", uses_old_self)
        return Checked("", uses_old_self)

    def check_message(self, expression: str, *, old_is_optional: bool) -> Checked:
        """A messageExpression, which says a text."""
        error, uses_old_self, result = self._compile(expression, old_is_optional=old_is_optional)
        if error:
            return Checked(f"messageExpression compilation failed: {error}", uses_old_self)
        if result != cel.Type.STRING:
            return Checked("messageExpression must evaluate to a string", uses_old_self)
        return Checked("", uses_old_self)

    def _compile(self, expression: str, *, old_is_optional: bool) -> tuple[str, bool, cel.Type | None]:
        error, result = self._compile_in("", expression)
        if _NO_OLD_SELF.search(error) is None:
            return error, False, result
        error, result = self._compile_in("optional" if old_is_optional else "plain", expression)
        return error, True, result

    def _compile_in(self, old: str, expression: str) -> tuple[str, cel.Type | None]:
        # An optional type of ours cannot be declared, but an optional of `self` has it.
        text = f"{_BIND_OPTIONAL}{expression}\n)" if old == "optional" else expression
        try:
            return "", self._environment(old).compile(text).return_type()
        except RuntimeError as error:
            return _words(str(error), lines_before=1 if old == "optional" else 0), None

    def _environment(self, old: str) -> cel.Env:
        if old not in self._environments:
            own = self._types.type
            assert own is not None
            self._environments[old] = cel.NewEnv(
                self._types.pool,
                config=configuration(with_bindings=old == "optional"),
                variables={"self": own, "oldSelf": own} if old == "plain" else {"self": own},
                functions=checked_functions(),
            )
        return self._environments[old]


def _words(text: str, *, lines_before: int) -> str:
    """Without the status code of C++, and with what the Go compiler says where the two differ."""
    text = re.sub(r"^[A-Z_]+: ", "", text)
    text = re.sub(r" \[[A-Z_]+\]$", "", text)
    text = re.sub(r"<input>:(\d+):", lambda found: f"<input>:{int(found[1]) - lines_before}:", text)
    return re.sub(r"(undefined field '[^']*') not found in struct '[^']*'", r"\1", text)
