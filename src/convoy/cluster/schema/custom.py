"""What a CustomResourceDefinition defines: resources, and per version a schema, columns and subresources."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from convoy.cluster.machinery.resources import Resource, Subresource
from convoy.cluster.schema.definitions import LIST_META, OBJECT_META, PREFIX, Definition
from convoy.cluster.schema.nodes import Schema
from convoy.cluster.schema.structural import compile_root


@dataclass(frozen=True, slots=True)
class Column:
    """One of a version's additionalPrinterColumns; `json_path` as written, such as `.spec.hosts`."""

    name: str
    type: str
    json_path: str
    format: str = ""
    description: str = ""
    priority: int = 0


AGE = Column(
    name="Age",
    type="date",
    json_path=".metadata.creationTimestamp",
    description="CreationTimestamp is a timestamp representing the server time when this object was created.",
)


@dataclass(frozen=True, slots=True)
class ScalePaths:
    """Simple JSON paths into an object, such as `.spec.replicas`; `selector` may be missing."""

    spec_replicas: str
    status_replicas: str
    selector: str = ""


@dataclass(frozen=True)
class CustomVersion:
    """One version of a custom kind."""

    group: str
    version: str
    kind: str
    list_kind: str
    source: Mapping[str, Any]  # the version as it stands in the definition
    object_meta: Schema
    keeps_unknown: bool = False

    @property
    def gvk(self) -> tuple[str, str, str]:
        """Group, version, kind."""
        return self.group, self.version, self.kind

    @functools.cached_property
    def schema(self) -> Schema:
        """The schema of its objects, compiled when the first of them is met."""
        source = (self.source.get("schema") or {}).get("openAPIV3Schema") or {}
        return compile_root(source, self.object_meta, keeps_unknown=self.keeps_unknown)

    @functools.cached_property
    def columns(self) -> tuple[Column, ...]:
        """Its columns in order."""
        return tuple(_column(column) for column in self.source.get("additionalPrinterColumns") or ()) or (
            AGE,
        )

    @functools.cached_property
    def scale(self) -> ScalePaths | None:
        """Its scale subresource."""
        scale = (self.source.get("subresources") or {}).get("scale")
        if scale is None:
            return None
        return ScalePaths(
            spec_replicas=scale["specReplicasPath"],
            status_replicas=scale["statusReplicasPath"],
            selector=scale.get("labelSelectorPath", ""),
        )

    @functools.cached_property
    def selectable_fields(self) -> tuple[str, ...]:
        """Field paths without the leading dot."""
        return tuple(field["jsonPath"].lstrip(".") for field in self.source.get("selectableFields") or ())

    @property
    def definition_name(self) -> str:
        """As Kubernetes names it: the group's parts reversed, the version, the kind."""
        return ".".join([*reversed(self.group.split(".")), self.version, self.kind])

    def definitions(self) -> dict[str, Definition]:
        """Its own definition and its list's, by name."""
        return {
            self.definition_name: self._definition,
            self.definition_name.removesuffix(self.kind) + self.list_kind: self._list_definition,
        }

    @functools.cached_property
    def _definition(self) -> Definition:
        root = dict(self.source.get("schema", {}).get("openAPIV3Schema", {"type": "object"}))
        metadata = {"$ref": PREFIX + OBJECT_META}
        root["properties"] = {**root.get("properties", {}), **_TYPE_FIELDS, "metadata": metadata}
        root["x-kubernetes-group-version-kind"] = [self._gvk(self.kind)]
        return root

    @functools.cached_property
    def _list_definition(self) -> Definition:
        return {
            "description": f"{self.list_kind} is a list of {self.kind}",
            "type": "object",
            "required": ["items"],
            "properties": {
                **_TYPE_FIELDS,
                "metadata": {"$ref": PREFIX + LIST_META},
                "items": {"type": "array", "items": {"$ref": PREFIX + self.definition_name}},
            },
            "x-kubernetes-group-version-kind": [self._gvk(self.list_kind)],
        }

    def _gvk(self, kind: str) -> dict[str, str]:
        return {"group": self.group, "version": self.version, "kind": kind}


_TYPE_FIELDS: Definition = {
    "apiVersion": {
        "type": "string",
        "description": "The versioned schema of this representation of an object.",
    },
    "kind": {"type": "string", "description": "The REST resource that this object represents."},
}


def _column(column: Mapping[str, Any]) -> Column:
    return Column(
        name=column["name"],
        type=column["type"],
        json_path=column["jsonPath"],
        format=column.get("format", ""),
        description=column.get("description", ""),
        priority=column.get("priority", 0),
    )


def versions_of(crd: Mapping[str, Any], object_meta: Schema) -> tuple[CustomVersion, ...]:
    """Every served version of a valid definition, and the stored one."""
    spec = crd["spec"]
    names = spec["names"]
    return tuple(
        CustomVersion(
            group=spec["group"],
            version=version["name"],
            kind=names["kind"],
            list_kind=names.get("listKind") or names["kind"] + "List",
            source=version,
            object_meta=object_meta,
            keeps_unknown=bool(spec.get("preserveUnknownFields")),
        )
        for version in spec["versions"]
        if version.get("served") or version.get("storage")
    )


def resources_of(crd: Mapping[str, Any]) -> tuple[Resource, ...]:
    """The resources that a valid definition serves, in the order of its versions."""
    spec = crd["spec"]
    names = spec["names"]
    stored = next((version["name"] for version in spec["versions"] if version.get("storage")), "")
    return tuple(
        Resource(
            group=spec["group"],
            version=version["name"],
            plural=names["plural"],
            kind=names["kind"],
            namespaced=spec["scope"] == "Namespaced",
            singular=names.get("singular") or names["kind"].lower(),
            short_names=tuple(names.get("shortNames") or ()),
            categories=tuple(names.get("categories") or ()),
            subresources=_subresources(version, f"{spec['group']}/{version['name']}", names["kind"]),
            storage_version=stored,
            is_custom=True,
            deprecation=_deprecation(version, f"{spec['group']}/{version['name']}", names["kind"]),
        )
        for version in spec["versions"]
        if version.get("served")
    )


def _deprecation(version: Mapping[str, Any], api_version: str, kind: str) -> str:
    if not version.get("deprecated"):
        return ""
    return version.get("deprecationWarning") or f"{api_version} {kind} is deprecated"


def _subresources(version: Mapping[str, Any], api_version: str, kind: str) -> tuple[Subresource, ...]:
    declared = version.get("subresources") or {}
    status = (Subresource("status", api_version, kind),) if "status" in declared else ()
    scale = (Subresource("scale", "autoscaling/v1", "Scale"),) if "scale" in declared else ()
    return (*status, *scale)
