"""A kind of the table as the CustomResourceDefinition that a cluster takes; the same for a real one."""

import typing
from typing import Any

from convoy.api.crds.rules import BY_KIND, merge
from convoy.api.crds.schemas import ANYTHING, KEEPS_UNKNOWN, Schema, build_schema, required_fields
from convoy.api.crds.table import CRD_KINDS, Column, CrdKind
from convoy.api.validation.unbuilt import gap_of

Definition = dict[str, Any]

_LABELS = {"app.kubernetes.io/part-of": "convoy"}
_STATUS: Schema = {
    "type": "object",
    "description": "What became of the object; written by the control plane.",
    "properties": {
        "conditions": {
            "type": "array",
            "description": "Reconciled is True when the mesh does all that the object says, else False.",
            "items": {
                "type": "object",
                "properties": {
                    "type": {"type": "string"},
                    "status": {"type": "string", "description": "True, False or Unknown."},
                    "reason": {"type": "string", "description": "One word for programs."},
                    "message": {"type": "string", "description": "A sentence for people."},
                    "observedGeneration": {"x-kubernetes-int-or-string": True},
                    "lastProbeTime": {"type": "string", "nullable": True},
                    "lastTransitionTime": {"type": "string", "nullable": True},
                },
                KEEPS_UNKNOWN: True,
            },
        },
        "observedGeneration": {"x-kubernetes-int-or-string": True},
        "validationMessages": {
            "type": "array",
            "description": "What is wrong with the object, each with its field, level and code.",
            "items": {"type": "object", KEEPS_UNKNOWN: True},
        },
    },
    KEEPS_UNKNOWN: True,
}


def build_crds() -> list[Definition]:
    """The definitions of all Istio kinds, those that have no effect yet among them."""
    return [build_crd(kind) for kind in CRD_KINDS]


def build_crd(kind: CrdKind) -> Definition:
    """The definition of one kind. Its versions have one schema, so that none needs conversion."""
    schema = _schema(kind)
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{kind.group}", "labels": _LABELS},
        "spec": {
            "group": kind.group,
            "names": _names(kind),
            "scope": "Namespaced",
            "versions": [
                _version(kind, name, schema, is_stored=number == 0)
                for number, name in enumerate(kind.versions)
            ],
        },
    }


def _names(kind: CrdKind) -> Definition:
    names: Definition = {
        "kind": kind.name,
        "listKind": f"{kind.name}List",
        "plural": kind.plural,
        "singular": kind.name.lower(),
        "categories": ["istio-io", f"{kind.group.partition('.')[0]}-istio-io"],
    }
    return {**names, "shortNames": list(kind.short_names)} if kind.short_names else names


def _version(kind: CrdKind, name: str, schema: Schema, *, is_stored: bool) -> Definition:
    version: Definition = {"name": name, "served": True, "storage": is_stored}
    if kind.columns:
        version["additionalPrinterColumns"] = [_column(column) for column in kind.columns]
    return {**version, "schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}}


def _column(column: Column) -> Definition:
    return {
        "name": column.name,
        "type": column.type,
        "description": column.description,
        "jsonPath": column.path,
    }


def _schema(kind: CrdKind) -> Schema:
    schema: Schema = {
        "type": "object",
        "description": f"{kind.about} {kind.effect}".strip(),
        "properties": {"spec": _spec(kind), "status": _STATUS},
        KEEPS_UNKNOWN: True,
    }
    is_required = kind.struct is not None and "spec" in required_fields(kind.struct)
    return {**schema, "required": ["spec"]} if is_required else schema


def _spec(kind: CrdKind) -> Schema:
    if kind.struct is None:
        return {"type": "object", "description": kind.effect, **ANYTHING}
    struct = typing.get_type_hints(kind.struct)["spec"]
    schema = merge(build_schema(struct, gap_of(kind.name)), BY_KIND.get(kind.name, {}))
    return {**schema, "description": kind.about}
