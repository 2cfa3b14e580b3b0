"""OpenAPI v2 and v3 of what the API server serves, custom resources included.

kubectl validates, patches and explains by these documents: before 1.24 by v2 in gnostic's protobuf form only,
since 1.27 by v3. Merge keys stand in both, because kubectl computes patches from what it reads here.
"""

import functools
from collections.abc import Callable, Iterable, Iterator

from convoy.cluster.apiserver.documents import Document, content_hash, make_document, make_json
from convoy.cluster.apiserver.openapi.definitions import as_v2, as_v3, reach
from convoy.cluster.apiserver.openapi.gnostic import encode_document
from convoy.cluster.apiserver.openapi.operations import STATUS, Path, build_paths
from convoy.cluster.apiserver.openapi.v2 import Json, build_v2
from convoy.cluster.apiserver.openapi.v3 import build_v3
from convoy.cluster.machinery.resources import Resource, ResourceTable
from convoy.cluster.schema import Schemas
from convoy.cluster.schema.definitions import SERVED_VERSION

V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
V2_PROTOBUF_OLD = (
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"  # asked for, answered as the other
)

_VERSION = f"v{SERVED_VERSION}.0"


class OpenApi:
    """The documents of a cluster's resources, each made when first asked for after a change."""

    def __init__(self, schemas: Schemas, resources: ResourceTable) -> None:
        self._schemas = schemas
        self._resources = resources
        self._generations = (-1, -1)
        self._made: dict[str, Document] = {}
        self._built_in: dict[str, Document] = {}  # of v3, by path: what custom resources do not change

    def v2_json(self) -> Document:
        """What `/openapi/v2` answers in JSON."""
        return self._once("v2", lambda: make_json(self._v2()))

    def v2_protobuf(self) -> Document:
        """What `/openapi/v2` answers to whoever accepts V2_PROTOBUF or V2_PROTOBUF_OLD."""
        return self._once("v2-protobuf", lambda: make_document(self._v2_protobuf(), V2_PROTOBUF))

    def v3_index(self) -> Document:
        """What `/openapi/v3` answers: a path and a content hash per group and version."""
        return self._once("v3", lambda: make_json({"paths": dict(self._index())}))

    def v3_document(self, path: str) -> Document | None:
        """What `/openapi/v3/PATH` answers (`api/v1`, `apis/apps/v1`); None where there is none."""
        resources = [resource for resource in self._resources if v3_path(resource) == path]
        if not resources:
            return None
        if any(resource.is_custom for resource in resources):
            return self._once(path, lambda: make_json(self._v3(resources)))
        if path not in self._built_in:
            self._built_in[path] = make_json(self._v3(resources))
        return self._built_in[path]

    def _once(self, key: str, make: Callable[[], Document]) -> Document:
        generations = (self._schemas.generation, self._resources.generation)
        if generations != self._generations:
            self._made.clear()
            self._generations = generations
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def _index(self) -> Iterator[tuple[str, Json]]:
        for path in dict.fromkeys(v3_path(resource) for resource in self._resources):
            document = self.v3_document(path)
            assert document is not None
            digest = content_hash(document.body)
            yield path, {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}

    def _paths(self, resources: Iterable[Resource]) -> list[Path]:
        name_of = self._schemas.definition_name
        return [path for resource in resources for path in build_paths(resource, name_of)]

    def _v3(self, resources: Iterable[Resource]) -> Json:
        paths = self._paths(resources)
        definitions = self._schemas.definitions()
        needed = {name: as_v3(definitions[name]) for name in reach(definitions, _named(paths))}
        return build_v3(paths, needed, version=_VERSION)

    def _v2(self) -> Json:
        own, custom = self._built_in_v2(), self._custom_v2()
        return {**own, **{key: {**own[key], **custom[key]} for key in ("paths", "definitions")}}

    def _v2_protobuf(self) -> bytes:
        # Messages one after the other are one message, so only what is custom is written again.
        return self._built_in_v2_protobuf + encode_document(self._custom_v2())

    @functools.cached_property
    def _built_in_v2_protobuf(self) -> bytes:
        return encode_document(self._built_in_v2())

    @functools.cached_property
    def _built_in_names(self) -> frozenset[str]:
        paths = self._paths(resource for resource in self._resources if not resource.is_custom)
        return frozenset(reach(self._schemas.definitions(), _named(paths)))

    def _built_in_v2(self) -> Json:
        paths = self._paths(resource for resource in self._resources if not resource.is_custom)
        definitions = self._schemas.definitions()
        needed = {name: definitions[name] for name in definitions if name in self._built_in_names}
        return build_v2(paths, needed, version=_VERSION)

    def _custom_v2(self) -> Json:
        """The document of the custom resources, without what is in the other one."""
        paths = self._paths(resource for resource in self._resources if resource.is_custom)
        definitions = self._schemas.definitions()
        names = (name for name in reach(definitions, _named(paths)) if name not in self._built_in_names)
        return build_v2(paths, {name: as_v2(definitions[name]) for name in names}, version=_VERSION)


def v3_path(resource: Resource) -> str:
    """Where the document of a resource's group and version is: `api/v1`, `apis/apps/v1`."""
    return f"apis/{resource.api_version}" if resource.group else f"api/{resource.version}"


def _named(paths: Iterable[Path]) -> Iterator[str | None]:
    """The definitions that operations name."""
    yield STATUS
    for path in paths:
        for operation in path.operations:
            yield operation.body
            yield operation.answer
