"""Property names as CEL identifiers, and back.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-expression
"""

import re
from typing import Final

_RESERVED: Final = frozenset(
    {"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if"}
    | {"import", "let", "loop", "package", "namespace", "return", "var", "void", "while"}
)
_ACCEPTED: Final = re.compile(r"[a-zA-Z_./-][a-zA-Z0-9_./-]*", re.ASCII)
_ESCAPED: Final = re.compile(r"__|[./-]")
_SEQUENCES: Final = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}


def escape(name: str) -> str | None:
    """The identifier by which a rule reaches a property; None when it cannot."""
    if name in _RESERVED:
        return f"__{name}__"
    if _ACCEPTED.fullmatch(name) is None:
        return None
    return _ESCAPED.sub(lambda found: _SEQUENCES[found[0]], name)
