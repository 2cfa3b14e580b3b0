"""The functions of rules, declared twice: by exact types for the checker, by kinds for the interpreter.

The interpreter chooses an implementation by the kinds of its arguments alone (a list is a list), so there is
one per row of kinds there, while the checker is told of every signature.
"""

import functools
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from cel_expr_python import cel

from convoy.cluster.schema.cel.functions import Function, addresses, lists, quantities, strings, urls

FUNCTIONS: Final = (
    *addresses.FUNCTIONS,
    *lists.FUNCTIONS,
    *quantities.FUNCTIONS,
    *strings.FUNCTIONS,
    *urls.FUNCTIONS,
)
OPAQUE: Final = frozenset({addresses.IP, addresses.CIDR, quantities.TYPE, urls.TYPE})

_KINDS: Final = {
    "bool": cel.Type.BOOL,
    "int": cel.Type.INT,
    "uint": cel.Type.UINT,
    "double": cel.Type.DOUBLE,
    "string": cel.Type.STRING,
    "bytes": cel.Type.BYTES,
    "duration": cel.Type.DURATION,
    "timestamp": cel.Type.TIMESTAMP,
    "list": cel.Type.LIST,
    "map": cel.Type.MAP,
    "null": cel.Type.NULL,
}
_COMPARED: Final = ("int", "uint", "double")
_ALIKE: Final = ("bool", "string", "bytes", "timestamp", "duration")

# Kubernetes compares numbers of different types with < and its like; the checker by itself does not.
_COMPARISONS: Final = ("_<_", "_<=_", "_>_", "_>=_")
_EXTENSIONS: Final = ("optional", "sets", "two-var-comprehensions")


@functools.cache
def configuration(*, with_bindings: bool) -> cel.EnvConfig:
    """What of CEL itself there is; `cel.bind` is not Kubernetes', but a means of our own."""
    extensions = (*_EXTENSIONS, "bindings") if with_bindings else _EXTENSIONS
    excluded = "".join(f'\n    - name: "{name}"' for name in _COMPARISONS)
    listed = "".join(f"\n  - name: {name}" for name in extensions)
    return cel.NewEnvConfigFromYaml(f"stdlib:\n  exclude_functions:{excluded}\nextensions:{listed}\n")


@functools.cache
def checked_functions() -> list[cel.FunctionDecl]:
    """Declarations for the type checker, without implementations."""
    overloads: dict[str, list[cel.Overload]] = defaultdict(list)
    for function in FUNCTIONS:
        for parameters, result in function.signatures:
            overloads[function.name].append(
                cel.Overload(
                    _overload_id(function.name, parameters, is_member=function.is_member),
                    return_type=checked_type(result),
                    parameters=[checked_type(name) for name in parameters],
                    is_member=function.is_member,
                )
            )
    for operator in _COMPARISONS:
        pairs = [*itertools.product(_COMPARED, repeat=2), *((name, name) for name in _ALIKE)]
        overloads[operator] = [
            cel.Overload(
                f"{operator}{one}_{other}",
                return_type=cel.Type.BOOL,
                parameters=[_KINDS[one], _KINDS[other]],
            )
            for one, other in pairs
        ]
    return [cel.FunctionDecl(name, each) for name, each in overloads.items()]


@functools.cache
def called_functions() -> list[cel.FunctionDecl]:
    """Declarations for the interpreter."""
    overloads: dict[str, dict[tuple[bool, tuple[str, ...]], cel.Overload]] = defaultdict(dict)
    for function in FUNCTIONS:
        for kinds in _kinds_of(function):
            overloads[function.name][function.is_member, kinds] = cel.Overload(
                _overload_id(function.name, kinds, is_member=function.is_member),
                return_type=cel.Type.DYN,
                parameters=[_KINDS[kind] for kind in kinds],
                is_member=function.is_member,
                impl=function.call,
            )
    declared = [cel.FunctionDecl(name, list(each.values())) for name, each in overloads.items()]
    return [*declared, *(_any_comparison(operator) for operator in _COMPARISONS)]


def _any_comparison(operator: str) -> cel.FunctionDecl:
    """The interpreter has implementations of its own; which fits is seen when values are there."""
    return cel.FunctionDecl(
        operator,
        [cel.Overload(f"{operator}any", return_type=cel.Type.BOOL, parameters=[cel.Type.DYN, cel.Type.DYN])],
    )


def checked_type(name: str) -> cel.Type:
    """The checker's type of a name such as `string`, `list<int>` or `net.IP`."""
    if name == "dyn":
        return cel.Type.DYN
    if name in OPAQUE:
        return cel.Type.AbstractType(name, [])
    if name.startswith("list<"):
        return cel.Type.List(checked_type(name[5:-1]))
    if name.startswith("map<"):
        keys, _, values = name[4:-1].partition(", ")
        return cel.Type.Map(checked_type(keys), checked_type(values))
    return _KINDS[name]


def _kinds_of(function: Function) -> Iterable[tuple[str, ...]]:
    for parameters, _ in function.signatures:
        yield from itertools.product(*(_kinds(name) for name in parameters))


def _kinds(name: str) -> tuple[str, ...]:
    if name == "dyn":
        return tuple(_KINDS)
    return ("map",) if name in OPAQUE else (re.split("<", name)[0],)


def _overload_id(name: str, parameters: tuple[str, ...], *, is_member: bool) -> str:
    how = "member" if is_member else "plain"
    return f"{name}_{how}_" + "_".join(re.sub(r"\W+", "_", parameter) for parameter in parameters)
