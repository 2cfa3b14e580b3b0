"""What rules may call beyond CEL's own: Kubernetes' libraries and the strings extension.

https://kubernetes.io/docs/reference/using-api/cel/#cel-options-language-features-and-libraries

The interpreter knows no types of ours at run time, so a quantity, an address, a network or a URL is a map
with one key that says which of them it is; to the type checker each is a type of its own. Equal ones are
equal maps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Opaque = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Function:
    """One function with one implementation; `signatures` are the parameter types and the result's.

    A type is written as `string`, `list<int>`, `dyn`, or the name of one of ours (`kubernetes.Quantity`).
    """

    name: str
    call: Callable[..., Any]
    signatures: tuple[tuple[tuple[str, ...], str], ...]
    is_member: bool = True


def member(name: str, call: Callable[..., Any], *signatures: tuple[tuple[str, ...], str]) -> Function:
    """A function that is called on its first parameter."""
    return Function(name, call, signatures)


def plain(name: str, call: Callable[..., Any], *signatures: tuple[tuple[str, ...], str]) -> Function:
    """A function that is not."""
    return Function(name, call, signatures, is_member=False)
