"""Write `docs/reference/supported-fields.md` from the tables in `convoy.api.validation.unbuilt`.

Every field of a kind's shape is listed: what is built, what is accepted without effect and why, and what is
refused by name.
"""

import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from convoy.api import codes
from convoy.api.istio.mesh_config import MeshConfig
from convoy.api.kinds import BY_NAME
from convoy.api.validation.unbuilt import EFFECTLESS, NOT_BUILT, Gap, NoEffect, gap_of

TARGET = Path(__file__).parents[1] / "docs" / "reference" / "supported-fields.md"

_HEAD = f"""\
# Supported fields

Generated from `src/convoy/api/validation/unbuilt.py` by `python -m tools.supported_fields`.
A field is built only if a test with real Envoys proves it.
What stock Envoy cannot serve is accepted without effect, with a warning ({codes.NO_EFFECT}).
A field that is refused is named in a problem ({codes.NOT_BUILT_FIELD}); nothing is left out silently.
Of Kubernetes' own kinds Convoy reads what it needs, and leaves the other fields to Kubernetes.
"""
BUILT, REFUSED = "built", "refused"
UNREAD = "accepted with a warning, not read"
MESH_CONFIG = "MeshConfig"
Effectless = Mapping[str, NoEffect]
Row = tuple[str, str]


def render_fields() -> str:
    """The whole document."""
    return "\n".join([_HEAD, *(_render_kind(kind) for kind in sorted({*NOT_BUILT, MESH_CONFIG}))])


def _render_kind(kind: str) -> str:
    if kind == MESH_CONFIG:
        struct, where, title = MeshConfig, "The key `mesh` of the ConfigMap `istio`.", "field"
    else:
        struct, title = typing.get_type_hints(BY_NAME[kind].struct)["spec"], "field of `spec`"
        where = f"In {', '.join(f'`{version}`' for version in BY_NAME[kind].api_versions)}."
    table = _Table(EFFECTLESS.get(kind, {}))
    rows = [f"| `{path}` | {says} |" for path, says in table.rows(struct, "", gap_of(kind))]
    return "\n".join([f"## {kind}", "", where, "", f"| {title} | supported |", "|---|---|", *rows, ""])


class _Table:
    """The rows of one kind; a block that occurs again is told by where it is first."""

    def __init__(self, effectless: Effectless) -> None:
        self._effectless = effectless
        self._first: dict[type[msgspec.Struct], str] = {}

    def rows(self, struct: type[msgspec.Struct], prefix: str, gap: Gap | None) -> Iterator[Row]:
        for field in msgspec.structs.fields(struct):
            below = gap.below(field.encode_name) if gap else None
            yield from self._of_field(prefix + field.encode_name, field.type, below)

    def _of_field(self, path: str, annotation: Any, gap: Gap | None) -> Iterator[Row]:
        struct = _struct_in(annotation)
        if excuse := self._effectless.get(path):
            yield path, f"accepted without effect: {excuse.reason} ([Envoy]({excuse.address}))"
        elif gap and (gap.is_whole or gap.values):
            values = " and ".join(f"`{value}`" for value in sorted(gap.values))
            yield path, f"{BUILT}, all but {values}" if values else REFUSED
        elif annotation is Any:
            yield path, UNREAD
        elif struct is None:
            yield path, BUILT
        elif struct in self._first and not gap and not self._has_excuses(path):
            yield path, f"{BUILT}, as `{self._first[struct]}`"
        else:
            self._first.setdefault(struct, path)
            yield from self.rows(struct, f"{path}.", gap)

    def _has_excuses(self, path: str) -> bool:
        return any(each.startswith(f"{path}.") for each in self._effectless)


def _struct_in(annotation: Any) -> type[msgspec.Struct] | None:
    """The struct that a field holds: itself, or as an element, or unless it is absent."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation
    found = (_struct_in(inner) for inner in typing.get_args(annotation))
    return next((struct for struct in found if struct), None)


if __name__ == "__main__":
    TARGET.write_text(render_fields())
