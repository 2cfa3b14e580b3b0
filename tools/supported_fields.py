"""Write `docs/reference/supported-fields.md` from the tables in `convoy.api.validation.unbuilt`.

Every field of a kind's shape is listed: what is built, what is accepted without effect and why, and what is
refused by name. A field whose parts are all alike is one row; otherwise they have rows of their own.
"""

import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from convoy.api import codes
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


def render_fields() -> str:
    """The whole document."""
    return "\n".join([_HEAD, *(_render_kind(kind) for kind in sorted(NOT_BUILT))])


def _render_kind(kind: str) -> str:
    spec = typing.get_type_hints(BY_NAME[kind].struct)["spec"]
    rows = [
        f"| `{path}` | {says} |" for path, says in _rows(spec, "", gap_of(kind), EFFECTLESS.get(kind, {}))
    ]
    versions = ", ".join(f"`{version}`" for version in BY_NAME[kind].api_versions)
    head = [f"## {kind}", "", f"In {versions}.", "", "| field of `spec` | supported |", "|---|---|"]
    return "\n".join([*head, *rows, ""])


Effectless = Mapping[str, NoEffect]


def _rows(annotation: Any, prefix: str, gap: Gap | None, effectless: Effectless) -> Iterator[tuple[str, str]]:
    struct = _struct_in(annotation)
    for field in msgspec.structs.fields(struct) if struct else ():
        path = prefix + field.encode_name
        inner = gap.below(field.encode_name) if gap else None
        if excuse := effectless.get(path):
            yield path, f"accepted without effect: {excuse.reason} ([Envoy]({excuse.address}))"
        elif any(each.startswith(f"{path}.") for each in effectless) and not (inner and inner.is_whole):
            yield from _rows(field.type, f"{path}.", inner, effectless)
        elif inner is None:
            yield path, BUILT
        elif inner.is_whole:
            yield path, REFUSED
        elif inner.values:
            yield path, f"{BUILT}, all but {' and '.join(f'`{value}`' for value in sorted(inner.values))}"
        else:
            yield from _rows(field.type, f"{path}.", inner, effectless)


def _struct_in(annotation: Any) -> type[msgspec.Struct] | None:
    """The struct that a field holds: itself, or as an element, or unless it is absent."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation
    found = (_struct_in(inner) for inner in typing.get_args(annotation))
    return next((struct for struct in found if struct), None)


if __name__ == "__main__":
    TARGET.write_text(render_fields())
