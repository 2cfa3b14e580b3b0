"""Write `docs/reference/supported-fields.md` from the table in `convoy.api.validation.unbuilt`.

Every field of a kind's shape is listed: what works, and what is refused by name. A field that works, or is
refused, with all it contains is one row; what lies below a field that works in part has rows of its own.
"""

import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from convoy.api.kinds import BY_NAME
from convoy.api.validation.unbuilt import NOT_BUILT, Gap, gap_of

TARGET = Path(__file__).parents[1] / "docs" / "reference" / "supported-fields.md"

_HEAD = """\
# Supported fields

Generated from `src/convoy/api/validation/unbuilt.py` by `python -m tools.supported_fields`.
A field that is refused is named in a problem (CVY0501) when it is set; it is never silently accepted.
Of Kubernetes' own kinds Convoy reads what it needs, and leaves the other fields to Kubernetes.
"""


def render_fields() -> str:
    """The whole document."""
    return "\n".join([_HEAD, *(_render_kind(kind) for kind in sorted(NOT_BUILT))])


def _render_kind(kind: str) -> str:
    spec = typing.get_type_hints(BY_NAME[kind].struct)["spec"]
    rows = [f"| `{path}` | {says} |" for path, says in _rows(spec, "", gap_of(kind))]
    versions = ", ".join(f"`{version}`" for version in BY_NAME[kind].api_versions)
    head = [f"## {kind}", "", f"In {versions}.", "", "| field of `spec` | supported |", "|---|---|"]
    return "\n".join([*head, *rows, ""])


def _rows(annotation: Any, prefix: str, gap: Gap | None) -> Iterator[tuple[str, str]]:
    struct = _struct_in(annotation)
    for field in msgspec.structs.fields(struct) if struct else ():
        path = prefix + field.encode_name
        inner = gap.below(field.encode_name) if gap else None
        if inner is None:
            yield path, "yes"
        elif inner.is_whole:
            yield path, "refused"
        elif inner.values:
            yield path, f"all but {' and '.join(f'`{value}`' for value in sorted(inner.values))}"
        else:
            yield from _rows(field.type, f"{path}.", inner)


def _struct_in(annotation: Any) -> type[msgspec.Struct] | None:
    """The struct that a field holds: itself, or as an element, or unless it is absent."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation
    found = (_struct_in(inner) for inner in typing.get_args(annotation))
    return next((struct for struct in found if struct), None)


if __name__ == "__main__":
    TARGET.write_text(render_fields())
