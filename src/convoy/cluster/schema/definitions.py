"""The definitions of Kubernetes 1.32, as its OpenAPI v2 document has them.

They come from one file of the package `kubernetes-validate`, which rewrites them for JSON Schema validators:
optional fields may be null, `apiVersion` and `kind` are closed sets, IntOrString and Quantity are choices.
That is undone here, and what the package lacks is added: the Deployment of extensions/v1beta1, which
Kubernetes served until 1.15.

All of it takes less than 10 ms, so nothing is kept on disk.
"""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import orjson

Definition = dict[str, Any]

SERVED_VERSION: Final = "1.32"
_FILE: Final = "kubernetes-json-schema/v1.32.0-local/_definitions.json"
_OLD_PREFIX: Final = "#/$defs/"
PREFIX: Final = "#/definitions/"

_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
_APPS: Final = "io.k8s.api.apps.v1."
_EXTENSIONS: Final = "io.k8s.api.extensions.v1beta1."
QUANTITY: Final = "io.k8s.apimachinery.pkg.api.resource.Quantity"
INT_OR_STRING: Final = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
OBJECT_META: Final = _META + "ObjectMeta"
LIST_META: Final = _META + "ListMeta"

_REPLACED: Final[dict[str, Definition]] = {
    QUANTITY: {
        "description": "Quantity is a fixed-point representation of a number, such as 100m, 1.5Gi or 2e6.",
        "type": "string",
    },
    INT_OR_STRING: {
        "description": "IntOrString holds either an integer or a string.",
        "format": "int-or-string",
        "type": "string",
    },
}

# Keys of map lists that may be left out have a default in the API's types, which OpenAPI v2 does not carry.
_DEFAULTS: Final[dict[tuple[str, str], Any]] = {
    ("io.k8s.api.core.v1.ContainerPort", "protocol"): "TCP",
    ("io.k8s.api.core.v1.ServicePort", "protocol"): "TCP",
}


def read_definitions() -> dict[str, Definition]:
    """Every definition by name; FileNotFoundError when the package is missing or lacks this version."""
    definitions: dict[str, Definition] = orjson.loads(_source().read_bytes())["$defs"]
    for definition in definitions.values():
        _undo(definition)
    for name, replacement in _REPLACED.items():
        definitions[name] = dict(replacement)
    for (name, field), default in _DEFAULTS.items():
        definitions[name]["properties"][field]["default"] = default
    _add_extensions(definitions)
    return definitions


def _source() -> Path:
    # The package itself is not imported: it would load validators that nobody needs here.
    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package kubernetes-validate is not installed")
    return Path(spec.origin).parent / _FILE


def _undo(schema: Definition) -> None:
    kind = schema.get("type")
    if isinstance(kind, list):
        schema["type"] = kind[0]
    if (reference := schema.get("$ref")) is not None:
        schema["$ref"] = PREFIX + reference[len(_OLD_PREFIX) :]
    schema.pop("enum", None)  # only of `apiVersion` and `kind`, and not in the original
    for child in schema.get("properties", {}).values():
        _undo(child)
    for key in ("items", "additionalProperties"):
        if key in schema:
            _undo(schema[key])


def _add_extensions(definitions: dict[str, Definition]) -> None:
    """extensions/v1beta1 Deployment: that of apps/v1 with `selector` optional and `rollbackTo`."""
    spec = _copy(definitions[_APPS + "DeploymentSpec"])
    spec["required"] = ["template"]
    spec["properties"]["rollbackTo"] = {
        "description": "The revision to roll back to; taken and not acted upon.",
        "type": "object",
        "properties": {"revision": {"type": "integer", "format": "int64"}},
    }
    definitions[_EXTENSIONS + "DeploymentSpec"] = spec
    for kind in ("Deployment", "DeploymentList"):
        definition = _copy(definitions[_APPS + kind], {_APPS + "Deployment": _EXTENSIONS + "Deployment"})
        definition["x-kubernetes-group-version-kind"] = [
            {"group": "extensions", "version": "v1beta1", "kind": kind}
        ]
        definitions[_EXTENSIONS + kind] = definition
    properties = definitions[_EXTENSIONS + "Deployment"]["properties"]
    properties["spec"]["$ref"] = PREFIX + _EXTENSIONS + "DeploymentSpec"
    properties["status"]["$ref"] = PREFIX + _APPS + "DeploymentStatus"


def _copy(definition: Definition, renamed: dict[str, str] | None = None) -> Definition:
    copied: Definition = orjson.loads(orjson.dumps(definition))
    if renamed:
        _each(copied, lambda schema: _rename(schema, renamed))
    return copied


def _rename(schema: Definition, renamed: dict[str, str]) -> None:
    name = schema.get("$ref", "").removeprefix(PREFIX)
    if name in renamed:
        schema["$ref"] = PREFIX + renamed[name]


def _each(schema: Definition, change: Callable[[Definition], None]) -> None:
    change(schema)
    for child in schema.get("properties", {}).values():
        _each(child, change)
    for key in ("items", "additionalProperties"):
        if key in schema:
            _each(schema[key], change)
