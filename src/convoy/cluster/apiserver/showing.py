"""Objects in the form that was asked for: as they are, as rows of a Table, as metadata alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import yaml

from convoy.cluster.apiserver.answers import JSON, Answer
from convoy.cluster.apiserver.bodies import YAML
from convoy.cluster.apiserver.negotiating import Form
from convoy.cluster.apiserver.tables import Include, make_table, partial_metadata, partial_metadata_list
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import bad_request
from convoy.cluster.registry import Registry
from convoy.cluster.store import Stored

_INCLUDES: dict[str, Include] = {
    "": "Metadata",
    "None": "None",
    "Metadata": "Metadata",
    "Object": "Object",
}


def parse_include(text: str) -> Include:
    """What the rows of a Table carry, from `?includeObject=`; raises StatusError 400."""
    include = _INCLUDES.get(text)
    if include is None:
        raise bad_request(f'unrecognized includeObject value: "{text}"')
    return include


class Showing:
    """How the answers to one request look."""

    def __init__(self, registry: Registry, resource: Resource, form: Form, *, include: Include) -> None:
        self.form = form
        self.resource = resource
        self._registry = registry
        self._include = include

    def one(self, stored: Stored) -> bytes:
        """One object."""
        if self.form.shape == "table":
            metadata = {"resourceVersion": stored.object["metadata"]["resourceVersion"]}
            return orjson.dumps(self.table([stored.object], metadata))
        if self.form.shape == "metadata":
            return orjson.dumps(partial_metadata(stored.object, api_version=self.form.api_version))
        return self._registry.shown(stored, self.resource)

    def many(self, items: Sequence[Stored], metadata: Mapping[str, Any]) -> bytes:
        """A list of objects; `metadata` is the list's."""
        if self.form.shape == "table":
            return orjson.dumps(self.table([stored.object for stored in items], metadata))
        if self.form.shape == "metadata":
            objects = (stored.object for stored in items)
            listed = partial_metadata_list(objects, metadata=metadata, api_version=self.form.api_version)
            return orjson.dumps(listed)
        head = {
            "kind": self.resource.list_kind,
            "apiVersion": self.resource.api_version,
            "metadata": metadata,
        }
        shown, resource = self._registry.shown, self.resource
        return b"".join(
            (
                orjson.dumps(head)[:-1],
                b',"items":[',
                b",".join([shown(stored, resource) for stored in items]),
                b"]}",
            )
        )

    def table(
        self, objects: Sequence[dict[str, Any]], metadata: Mapping[str, Any], *, has_columns: bool = True
    ) -> dict[str, Any]:
        """A Table of objects."""
        return make_table(
            self.resource,
            objects,
            now=self._registry.clock.now(),
            include=self._include,
            columns=self._registry.schemas.columns(self.resource),
            metadata=metadata,
            has_columns=has_columns,
            api_version=self.form.api_version,
        )

    def answer(self, body: bytes, *, status: int = 200) -> Answer:
        """An answer of what `one` or `many` gave."""
        return in_format(body, self.form, status=status)


def in_format(body: bytes, form: Form, *, status: int = 200) -> Answer:
    """JSON as it is, or as YAML for those who asked."""
    if not form.is_yaml:
        return Answer(body, status, JSON)
    text = yaml.dump(orjson.loads(body), Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False)
    return Answer(text.encode(), status, YAML)
