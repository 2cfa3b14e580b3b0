"""The schemas of one cluster: the built-in ones of the process, and what its custom resources define."""

from collections.abc import Mapping
from typing import Any

from convoy.cluster.machinery.resources import Resource
from convoy.cluster.schema.builtin import BuiltinSchemas, builtin_schemas
from convoy.cluster.schema.custom import Column, CustomVersion, ScalePaths, resources_of, versions_of
from convoy.cluster.schema.definitions import Definition
from convoy.cluster.schema.nodes import Schema


class Schemas:
    """Finds the schema of a kind; custom kinds come and go with their definitions."""

    def __init__(self, builtin: BuiltinSchemas | None = None) -> None:
        self._builtin = builtin or builtin_schemas()
        self._custom: dict[str, dict[tuple[str, str, str], CustomVersion]] = {}
        self._by_kind: dict[tuple[str, str, str], CustomVersion] = {}
        self.generation = 0  # rises with every change: what is derived from the schemas is cached by it

    def find(self, resource: Resource) -> Schema | None:
        """The schema of a resource's objects, in its version."""
        return self._find(resource.group, resource.version, resource.kind)

    def find_kind(self, api_version: str, kind: str) -> Schema | None:
        """The schema of an object that says it is of this kind: `autoscaling/v1`, `Scale`."""
        group, _, version = api_version.rpartition("/")
        return self._find(group, version, kind)

    def _find(self, group: str, version: str, kind: str) -> Schema | None:
        custom = self._by_kind.get((group, version, kind))
        return custom.schema if custom is not None else self._builtin.find(group, version, kind)

    @property
    def object_meta(self) -> Schema:
        """The schema of `metadata`, the same for every kind."""
        return self._builtin.object_meta

    def set_custom(self, crd: Mapping[str, Any]) -> tuple[Resource, ...]:
        """Know what a valid CustomResourceDefinition defines; the resources are its served versions."""
        versions = versions_of(crd, self._builtin.object_meta)
        self._custom[crd["metadata"]["name"]] = {version.gvk: version for version in versions}
        self._index()
        return resources_of(crd)

    def remove_custom(self, name: str) -> None:
        """Forget what the CustomResourceDefinition of that name defined."""
        self._custom.pop(name, None)
        self._index()

    def _index(self) -> None:
        self._by_kind = {
            gvk: version for versions in self._custom.values() for gvk, version in versions.items()
        }
        self.generation += 1

    def definitions(self) -> Mapping[str, Definition]:
        """OpenAPI definitions by name, built-in ones first.

        Those of custom kinds are as their authors wrote them (OpenAPI v3), with `apiVersion`, `kind` and
        `metadata` added.
        """
        custom = {
            name: definition
            for gvk in sorted(self._by_kind)
            for name, definition in self._by_kind[gvk].definitions().items()
        }
        return {**self._builtin.definitions, **custom}

    def definition_name(self, group: str, version: str, kind: str) -> str | None:
        """The name of a kind's definition."""
        if (custom := self._by_kind.get((group, version, kind))) is not None:
            return custom.definition_name
        return self._builtin.name_of(group, version, kind)

    def columns(self, resource: Resource) -> tuple[Column, ...]:
        """A custom version's additionalPrinterColumns; without any, `Age`. Nothing for built-in kinds."""
        custom = self._custom_version(resource)
        return () if custom is None else custom.columns

    def scale_paths(self, resource: Resource) -> ScalePaths | None:
        """Where a custom version's scale subresource reads and writes."""
        custom = self._custom_version(resource)
        return None if custom is None else custom.scale

    def selectable_fields(self, resource: Resource) -> tuple[str, ...]:
        """The field paths by which a custom version's objects can be selected: `spec.color`."""
        custom = self._custom_version(resource)
        return () if custom is None else custom.selectable_fields

    def _custom_version(self, resource: Resource) -> CustomVersion | None:
        return self._by_kind.get((resource.group, resource.version, resource.kind))
