"""Custom resources for the tests of schemas, and what is asked of them again and again."""

from pathlib import Path
from typing import Any

import orjson
import yaml

from convoy.cluster.schema import Schema, Schemas, apply_defaults, prune, validate_custom

_FOLDER = Path(__file__).parent / "crds"


def load(name: str) -> dict[str, Any]:
    """A definition of the folder beside this file, with anchors resolved to copies."""
    return orjson.loads(orjson.dumps(yaml.safe_load((_FOLDER / f"{name}.yaml").read_text())))


def definition(schema: dict[str, Any], **version: Any) -> dict[str, Any]:
    """A definition of kind Thing with one version."""
    return {
        "metadata": {"name": "things.example.io"},
        "spec": {
            "group": "example.io",
            "scope": "Namespaced",
            "names": {"plural": "things", "kind": "Thing"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                    **version,
                }
            ],
        },
    }


def with_spec(**spec: Any) -> dict[str, Any]:
    """The definition of a Thing whose spec has this schema."""
    return definition({"type": "object", "properties": {"spec": {"type": "object", **spec}}})


def schema_of(crd: dict[str, Any], version: str = "v1") -> Schema:
    """The compiled schema of a version."""
    schemas = Schemas()
    resource = next(each for each in schemas.set_custom(crd) if each.version == version)
    found = schemas.find(resource)
    assert found is not None
    return found


def thing(crd: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An object of a definition's kind."""
    spec = crd["spec"]
    api_version = f"{spec['group']}/{spec['versions'][0]['name']}"
    return {"apiVersion": api_version, "kind": spec["names"]["kind"], "metadata": {"name": "x"}, **fields}


def judge(crd: dict[str, Any], spec: Any, old: Any = None) -> list[str]:
    """What is wrong with an object of that spec, after pruning and defaulting: `field: message`."""
    schema = schema_of(crd)
    new = apply_defaults(schema, prune(schema, thing(crd, spec=spec))[0])
    before = None if old is None else apply_defaults(schema, thing(crd, spec=old))
    return [f"{cause.field}: {cause.message}" for cause in validate_custom(schema, new, before)]
