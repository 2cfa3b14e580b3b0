"""Accept headers: in which form an object, a list or a watch is to be sent.

The header is a list in order of preference; the first clause that can be served wins. Tables and lists of
metadata alone are asked for by the parameters `as`, `v` and `g`
(https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from convoy.cluster.machinery.statuses import StatusError

Shape = Literal["object", "table", "metadata"]

_JSON_TYPES = ("application/json", "application/*", "*/*")
_YAML_TYPES = ("application/yaml",)
_SHAPES: dict[str, Shape] = {
    "Table": "table",
    "PartialObjectMetadata": "metadata",
    "PartialObjectMetadataList": "metadata",
}
_VERSIONS = ("v1", "v1beta1")


@dataclass(frozen=True, slots=True)
class Form:
    """What to send; `api_version` is that of a Table or of partial metadata."""

    shape: Shape = "object"
    api_version: str = "meta.k8s.io/v1"
    is_yaml: bool = False


@dataclass(frozen=True, slots=True)
class Clause:
    """One item of an Accept header."""

    media_type: str
    parameters: dict[str, str]


@lru_cache(maxsize=256)
def clauses(accept: str) -> tuple[Clause, ...]:
    """The items of an Accept header, best first; an empty header accepts anything."""
    found = []
    for item in accept.split(",") if accept.strip() else ["*/*"]:
        media_type, *parameters = (part.strip() for part in item.split(";"))
        named = dict(parameter.partition("=")[::2] for parameter in parameters)
        quality = _quality(named.pop("q", "1"))
        if quality > 0:
            found.append((-quality, Clause(media_type.lower(), named)))
    return tuple(clause for _, clause in sorted(found, key=lambda each: each[0]))


@lru_cache(maxsize=256)
def negotiate(accept: str) -> Form:
    """The form of an answer about objects; raises StatusError 406 when none will do."""
    for clause in clauses(accept):
        form = _form(clause)
        if form is not None:
            return form
    message = "only the following media types are accepted: application/json, application/yaml"
    raise StatusError(406, "NotAcceptable", message, {})


def _form(clause: Clause) -> Form | None:
    is_yaml = clause.media_type in _YAML_TYPES
    if not is_yaml and clause.media_type not in _JSON_TYPES:
        return None
    wanted = clause.parameters.get("as", "")
    if not wanted:
        return Form(is_yaml=is_yaml)
    shape = _SHAPES.get(wanted)
    version = clause.parameters.get("v", "")
    if shape is None or version not in _VERSIONS or clause.parameters.get("g") != "meta.k8s.io":
        return None
    return Form(shape, f"meta.k8s.io/{version}", is_yaml)


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0
