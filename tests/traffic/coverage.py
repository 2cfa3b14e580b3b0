"""Which fields of the API are proved by a test, and which by none: `python -m tests.traffic.coverage [KIND]`.

Every leaf field of a kind's `spec` must be exactly one of: proved by a test that is marked with it, without
effect (EFFECTLESS), or not built (NOT_BUILT). A field of an enumeration is proved as a whole, or value by
value for all values but its default.

Where a block occurs a second time and the same code resolves it (REPEATED), one field of the second place
proves that the block is looked at there, and the others count as proved where they are in the first.
"""

import enum
import importlib
import sys
import typing
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from tests.traffic.fields import fields_of

from convoy.api.istio.mesh_config import MeshConfig
from convoy.api.kinds import BY_NAME
from convoy.api.validation.unbuilt import EFFECTLESS, NOT_BUILT

HERE = Path(__file__).parent
MESH_CONFIG = "MeshConfig"


class Repeated(msgspec.Struct, frozen=True):
    """A block of a kind that means what another one does, because the same function reads both."""

    kind: str
    block: str
    like_kind: str
    like: str
    by: str


_RULE = "DestinationRule"
REPEATED = (
    Repeated(_RULE, "trafficPolicy.portLevelSettings", _RULE, "trafficPolicy", "mesh.traffic_policy"),
    Repeated(_RULE, "subsets.trafficPolicy", _RULE, "trafficPolicy", "mesh.traffic_policy"),
    Repeated(MESH_CONFIG, "defaultTrafficPolicy", _RULE, "trafficPolicy", "mesh.traffic_policy"),
    Repeated(
        MESH_CONFIG,
        "localityLbSetting",
        _RULE,
        "trafficPolicy.loadBalancer.localityLbSetting",
        "mesh.assignments",
    ),
    Repeated(MESH_CONFIG, "defaultHttpRetryPolicy", "VirtualService", "http.retries", "mesh.http_routes"),
    Repeated("WorkloadGroup", "template", "WorkloadEntry", "", "mesh.endpoints"),
    Repeated("ServiceEntry", "endpoints", "WorkloadEntry", "", "mesh.endpoints"),
    Repeated("Sidecar", "ingress.connectionPool", "Sidecar", "inboundConnectionPool", "mesh.ingress"),
    Repeated("Sidecar", "ingress.tls", "Gateway", "servers.tls", "xds.build.downstream_tls"),
    Repeated("Sidecar", "ingress.connectionPool", _RULE, "trafficPolicy.connectionPool", "mesh.pools"),
    Repeated("Sidecar", "inboundConnectionPool", _RULE, "trafficPolicy.connectionPool", "mesh.pools"),
    Repeated(MESH_CONFIG, "defaultInboundHttpRetryPolicy", "VirtualService", "http.retries", "mesh.retries"),
)


class Leaf(msgspec.Struct, frozen=True):
    """A field without fields of its own; `needed` are the values of an enumeration, except its default."""

    path: str
    values: frozenset[str] = frozenset()
    needed: frozenset[str] = frozenset()


def spec_of(kind: str) -> type[msgspec.Struct]:
    """The struct of a kind's `spec`."""
    if kind == MESH_CONFIG:
        return MeshConfig
    spec: type[msgspec.Struct] = typing.get_type_hints(BY_NAME[kind].struct)["spec"]
    return spec


def leaves(kind: str) -> dict[str, Leaf]:
    """Every leaf field of a kind by its path, in the order of the API."""
    return {leaf.path: leaf for leaf in _leaves(spec_of(kind), "")}


def _leaves(struct: type[msgspec.Struct], prefix: str) -> Iterator[Leaf]:
    for field in msgspec.structs.fields(struct):
        path = prefix + field.encode_name
        if inner := find_class(field.type, msgspec.Struct):
            yield from _leaves(inner, f"{path}.")
        elif field.type is not Any:  # what has no type is not read
            values = _values(field)
            yield Leaf(path, values, values - {str(field.default)})


def _values(field: msgspec.structs.FieldInfo) -> frozenset[str]:
    found = find_class(field.type, enum.StrEnum)
    return frozenset(map(str, found or ()))


def find_class(annotation: Any, base: type) -> Any:
    """The class of a kind that an annotation holds: itself, as an element, or unless it is absent."""
    if isinstance(annotation, type):
        return annotation if issubclass(annotation, base) else None
    return next(filter(None, (find_class(inner, base) for inner in typing.get_args(annotation))), None)


Claims = Mapping[tuple[str, str], list[str]]


def claims() -> Claims:
    """Who claims to prove what: the tests (`<file>::<name>`) by kind and path, as written in the marks."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for file in sorted(HERE.rglob("test_*.py")):
        name = ".".join(["tests", "traffic", *file.relative_to(HERE).with_suffix("").parts])
        for test, function in vars(importlib.import_module(name)).items():
            if test.startswith("test_") and callable(function):
                for claim in fields_of(function):
                    found[claim].append(f"{file.relative_to(HERE.parents[1])}::{test}")
    return dict(found)


def unknown_claims(found: Claims) -> list[str]:
    """Marks that name no leaf field, or no value of one."""
    known = {kind: leaves(kind) for kind in covered_kinds()}
    wrong = []
    for kind, claim in found:
        path, _, value = (part.strip() for part in claim.partition("="))
        leaf = known.get(kind, {}).get(path)
        if leaf is None or (value and leaf.values and value not in leaf.values):
            wrong.append(f"{kind} {claim}: {', '.join(found[kind, claim])}")
    return wrong


def covered_kinds() -> list[str]:
    """The kinds whose fields are counted."""
    return sorted({*NOT_BUILT, MESH_CONFIG})


def unproved(kind: str, found: Claims) -> list[str]:
    """The leaf fields of a kind that are not proved, neither without effect nor declared as not built."""
    return [
        path
        for path, leaf in leaves(kind).items()
        if not is_proved(kind, leaf, found) and path not in excused(kind) and not is_unbuilt(kind, path)
    ]


def is_proved(kind: str, leaf: Leaf, found: Claims) -> bool:
    """Whether a test proves a field, there or where the same block is proved."""
    if _is_marked(kind, leaf, found):
        return True
    for block in REPEATED:
        if block.kind == kind and leaf.path.startswith(f"{block.block}."):
            rest = leaf.path.removeprefix(f"{block.block}.")
            like = leaves(block.like_kind).get(f"{block.like}.{rest}" if block.like else rest)
            if like and _is_looked_at(block, found) and is_proved(block.like_kind, like, found):
                return True
    return False


def _is_marked(kind: str, leaf: Leaf, found: Claims) -> bool:
    if (kind, leaf.path) in found:
        return True
    return bool(leaf.needed) and all((kind, f"{leaf.path} = {value}") in found for value in leaf.needed)


def _is_looked_at(block: Repeated, found: Claims) -> bool:
    return any(kind == block.kind and path.startswith(f"{block.block}.") for kind, path in found)


def excused(kind: str) -> frozenset[str]:
    """The leaf fields that are without effect."""
    return frozenset(
        path for path in leaves(kind) if any(_covers(each, path) for each in EFFECTLESS.get(kind, ()))
    )


def is_unbuilt(kind: str, path: str) -> bool:
    """Whether a field, or some values of it, are declared as not built."""
    lines = NOT_BUILT.get(kind, "").splitlines()
    return any(_covers(line.partition("=")[0].strip(), path) for line in lines if line.strip())


def _covers(block: str, path: str) -> bool:
    return path == block or path.startswith(f"{block}.")


def proved_unbuilt(kind: str, found: Claims) -> list[str]:
    """Fields that a test proves and that are declared as not built or without effect as a whole, too."""
    whole = [
        line.strip() for line in NOT_BUILT.get(kind, "").splitlines() if line.strip() and "=" not in line
    ]
    return [
        path
        for path in leaves(kind)
        if (kind, path) in found and (path in excused(kind) or any(_covers(each, path) for each in whole))
    ]


def main(kinds: list[str]) -> None:
    """Print what is missing."""
    found = claims()
    for wrong in unknown_claims(found):
        print(f"no such field: {wrong}")
    for kind in kinds or covered_kinds():
        missing, every = unproved(kind, found), leaves(kind)
        unbuilt = [path for path in every if is_unbuilt(kind, path)]
        print(f"{kind}: {len(every)} fields, {len(unbuilt)} not built, {len(missing)} without a test")
        for line in dict.fromkeys(_told(kind, path, found) for path in missing):
            print(f"    {line}")


def _told(kind: str, path: str, found: Claims) -> str:
    """What to say of a field without a test: of a repeated block that no test looks at, say that instead."""
    for block in REPEATED:
        if block.kind == kind and path.startswith(f"{block.block}."):
            if not _is_looked_at(block, found):
                return f"{block.block}.*"
            return f"{block.block}.* where {block.like_kind} {block.like}.* has none"
    return path


if __name__ == "__main__":
    main(sys.argv[1:])
