"""What can be done with each resource at which path, for both versions of OpenAPI alike."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from convoy.cluster.apiserver.openapi import parameters
from convoy.cluster.apiserver.openapi.parameters import NAME, NAMESPACE, Parameter
from convoy.cluster.machinery.resources import Resource, Subresource

Gvk = tuple[str, str, str]  # group, version, kind

META_V1 = "io.k8s.apimachinery.pkg.apis.meta.v1."
PATCH_BODY = META_V1 + "Patch"
DELETE_BODY = META_V1 + "DeleteOptions"
STATUS = META_V1 + "Status"

JSON = ("application/json",)
_BODIES = ("application/json", "application/yaml")
_PATCHES = ("application/json-patch+json", "application/merge-patch+json")
_APPLY = "application/apply-patch+yaml"
_STRATEGIC = "application/strategic-merge-patch+json"
_PROTOBUF = "application/vnd.kubernetes.protobuf"

# Names the definition of a kind; None where there is none.
Naming = Callable[[str, str, str], str | None]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one path; `body` and `answer` name definitions, `answer` "" is text, None anything."""

    method: str
    id: str
    action: str  # x-kubernetes-action
    kind: Gvk  # x-kubernetes-group-version-kind
    summary: str
    parameters: tuple[Parameter, ...] = ()
    body: str | None = None
    consumes: tuple[str, ...] = ()
    answer: str | None = None
    produces: tuple[str, ...] = JSON
    codes: tuple[int, ...] = (200,)


@dataclass(frozen=True, slots=True)
class Path:
    """A path with its own parameters and what can be done there."""

    template: str
    parameters: tuple[Parameter, ...]
    operations: tuple[Operation, ...]


def build_paths(resource: Resource, name_of: Naming) -> Iterator[Path]:
    """Every path of a resource."""
    makers = _Makers(resource, name_of)
    base = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    namespaced = f"{base}/namespaces/{{namespace}}" if resource.namespaced else base
    place = (NAMESPACE,) if resource.namespaced else ()
    collection = f"{namespaced}/{resource.plural}"
    yield from _path(collection, place, makers.of_collection())
    if resource.namespaced and "list" in resource.verbs:
        yield Path(f"{base}/{resource.plural}", (), (makers.list(everywhere=True),))
    yield from _path(f"{collection}/{{name}}", (*place, NAME), makers.of_item())
    for sub in resource.subresources:
        template = f"{collection}/{{name}}/{sub.name}"
        yield from _path(template, (*place, NAME), makers.of_subresource(sub))


def _path(template: str, place: tuple[Parameter, ...], operations: Iterable[Operation]) -> Iterator[Path]:
    found = tuple(operations)
    if found:
        yield Path(template, place, found)


class _Makers:
    """Makes the operations of one resource."""

    def __init__(self, resource: Resource, name_of: Naming) -> None:
        self.resource = resource
        self.name_of = name_of
        self.kind: Gvk = (resource.group, resource.version, resource.kind)
        self.definition = name_of(*self.kind)
        self.consumes = _BODIES if resource.is_custom else (*_BODIES, _PROTOBUF)
        strategic = () if resource.is_custom else (_STRATEGIC,)
        self.patches = (*_PATCHES, *strategic, _APPLY)

    def of_collection(self) -> Iterator[Operation]:
        """List, create, delete all."""
        verbs = self.resource.verbs
        if "list" in verbs:
            yield self.list()
        if "create" in verbs:
            yield self.create()
        if "deletecollection" in verbs:
            yield self.delete_all()

    def of_item(self) -> Iterator[Operation]:
        """Get, update, patch, delete."""
        verbs, words = self.resource.verbs, f"the {self.resource.kind}"
        if "get" in verbs:
            yield self.get(self.kind, "", words)
        if "update" in verbs:
            yield self.put(self.kind, "", words)
        if "patch" in verbs:
            yield self.patch(self.kind, "", words)
        if "delete" in verbs:
            yield self.delete()

    def of_subresource(self, sub: Subresource) -> Iterator[Operation]:
        """What its verbs say; a connection for streams."""
        group, _, version = sub.api_version.rpartition("/")
        kind: Gvk = (group, version, sub.kind)
        words = f"{sub.name} of the {self.resource.kind}"
        suffix = _camel(sub.name)
        if sub.name in parameters.STREAMS:
            yield from self.connect(kind, sub.name)
        elif sub.name == "log":
            yield self.log(kind)
        else:
            if "get" in sub.verbs:
                yield self.get(kind, suffix, words)
            if "update" in sub.verbs:
                yield self.put(kind, suffix, words)
            if "patch" in sub.verbs:
                yield self.patch(kind, suffix, words)
            if "create" in sub.verbs:
                yield self.create(kind, suffix, f"Create {words}.")

    def id(self, verb: str, suffix: str = "", *, everywhere: bool = False) -> str:
        """As generated clients name their functions: `listAppsV1NamespacedDeployment`."""
        group = _camel(self.resource.group.removesuffix(".k8s.io")) if self.resource.group else "Core"
        scope = "Namespaced" if self.resource.namespaced and not everywhere else ""
        place = "ForAllNamespaces" if everywhere else ""
        verb, _, rest = verb.partition("-")
        version = _camel(self.resource.version)
        return f"{verb}{group}{version}{rest}{scope}{self.resource.kind}{suffix}{place}"

    def list(self, *, everywhere: bool = False) -> Operation:
        group, version, _ = self.kind
        return Operation(
            "get",
            self.id("list", everywhere=everywhere),
            "list",
            self.kind,
            f"List or watch objects of kind {self.resource.kind}.",
            parameters.LIST,
            answer=self.name_of(group, version, self.resource.list_kind),
            produces=(*JSON, "application/json;stream=watch"),
        )

    def create(self, kind: Gvk | None = None, suffix: str = "", summary: str = "") -> Operation:
        return Operation(
            "post",
            self.id("create", suffix),
            "post",
            kind or self.kind,
            summary or f"Create a {self.resource.kind}.",
            parameters.WRITE,
            body=self.name_of(*(kind or self.kind)),
            consumes=self.consumes,
            answer=self.name_of(*(kind or self.kind)),
            codes=(200, 201, 202),
        )

    def delete_all(self) -> Operation:
        return Operation(
            "delete",
            self.id("delete-Collection"),
            "deletecollection",
            self.kind,
            f"Delete all objects of kind {self.resource.kind} that are selected.",
            parameters.DELETE_COLLECTION,
            body=DELETE_BODY,
            consumes=self.consumes,
            answer=STATUS,
        )

    def get(self, kind: Gvk, suffix: str, words: str) -> Operation:
        return Operation(
            "get", self.id("read", suffix), "get", kind, f"Read {words}.", answer=self.name_of(*kind)
        )

    def put(self, kind: Gvk, suffix: str, words: str) -> Operation:
        return Operation(
            "put",
            self.id("replace", suffix),
            "put",
            kind,
            f"Replace {words}.",
            parameters.WRITE,
            body=self.name_of(*kind),
            consumes=self.consumes,
            answer=self.name_of(*kind),
            codes=(200, 201),
        )

    def patch(self, kind: Gvk, suffix: str, words: str) -> Operation:
        return Operation(
            "patch",
            self.id("patch", suffix),
            "patch",
            kind,
            f"Change parts of {words}.",
            parameters.PATCH,
            body=PATCH_BODY,
            consumes=self.patches,
            answer=self.name_of(*kind),
            codes=(200, 201),
        )

    def delete(self) -> Operation:
        return Operation(
            "delete",
            self.id("delete"),
            "delete",
            self.kind,
            f"Delete the {self.resource.kind}.",
            parameters.DELETE,
            body=DELETE_BODY,
            consumes=self.consumes,
            answer=STATUS,
            codes=(200, 202),
        )

    def connect(self, kind: Gvk, name: str) -> Iterator[Operation]:
        for method in ("get", "post"):
            yield Operation(
                method,
                self.id(f"connect-{_camel(method)}", _camel(name)),
                "connect",
                kind,
                f"Open streams for {name}, over websocket or SPDY.",
                parameters.STREAMS[name],
                answer="",
                produces=("*/*",),
            )

    def log(self, kind: Gvk) -> Operation:
        return Operation(
            "get",
            self.id("read", "Log"),
            "get",
            kind,
            "Read what a container wrote.",
            parameters.LOG,
            answer="",
            produces=("text/plain",),
        )


def _camel(text: str) -> str:
    """`rbac.authorization` as `RbacAuthorization`."""
    return "".join(word[:1].upper() + word[1:] for word in text.replace("-", ".").split("."))
