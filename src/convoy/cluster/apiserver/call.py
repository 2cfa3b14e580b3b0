"""One request, authenticated and understood, on its way through the server."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from convoy.cluster.apiserver.access import Attributes, check_access
from convoy.cluster.apiserver.answers import Answer
from convoy.cluster.apiserver.bodies import LARGEST, too_large
from convoy.cluster.apiserver.dependencies import ApiDependencies
from convoy.cluster.apiserver.negotiating import negotiate
from convoy.cluster.apiserver.paths import Path
from convoy.cluster.apiserver.queries import Query, patch_options, write_options
from convoy.cluster.apiserver.showing import Showing, parse_include
from convoy.cluster.machinery.requests import User, WriteOptions
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import bad_request
from convoy.cluster.registry import Registry
from convoy.cluster.store import Store, Stored


@dataclass(slots=True)
class Call:
    """A request about `resource`. What a write warns of is collected in `warnings`."""

    deps: ApiDependencies
    request: web.BaseRequest
    path: Path
    query: Query
    user: User
    resource: Resource
    warnings: list[str] = field(default_factory=list)

    @property
    def registry(self) -> Registry:
        """The cluster's registry."""
        return self.deps.registry

    @property
    def store(self) -> Store:
        """The cluster's store."""
        return self.deps.registry.store

    @property
    def headers(self) -> Mapping[str, str]:
        """The request's headers."""
        return self.request.headers

    @property
    def namespace(self) -> str:
        """Where the object is; "" for what is in no namespace, as a namespace itself."""
        return self.path.namespace if self.resource.namespaced else ""

    @property
    def scope(self) -> str | None:
        """Where to list: one namespace, or everywhere."""
        return self.namespace or None

    @property
    def selectable(self) -> tuple[str, ...]:
        """The fields of its own that a custom resource's objects can be selected by."""
        return self.registry.schemas.selectable_fields(self.resource)

    @property
    def content_type(self) -> str:
        """The body's media type as it was sent."""
        return self.headers.get("Content-Type", "")

    async def body(self) -> bytes:
        """The whole body; raises StatusError 413 for a large one, 400 for a broken one."""
        length = self.request.content_length
        if length is not None and length > LARGEST:
            raise too_large()
        if self.headers.get("Expect", "").lower() == "100-continue" and self.request.transport is not None:
            self.request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            return await self.request.read()
        except web.HTTPRequestEntityTooLarge as error:
            raise too_large() from error
        except web.RequestPayloadError as error:
            raise bad_request("the body of the request is not what its headers say") from error

    def write_options(self, kind: str) -> WriteOptions:
        """The options of this write; see `queries.write_options`."""
        return self._warning_here(write_options(kind, self.query, self.headers, self.user))

    def patch_options(self, *, is_apply: bool) -> WriteOptions:
        """The options of this patch; see `queries.patch_options`."""
        return self._warning_here(patch_options(self.query, self.headers, self.user, is_apply=is_apply))

    def check_create(self) -> None:
        """Raises StatusError 403 when the user may not create the object of the path."""
        path = self.path
        wanted = Attributes(
            "create", path.group, path.version, path.resource, "", path.namespace, path.name, path.text
        )
        check_access(self.deps.authorizer, self.user, wanted)

    def _warning_here(self, options: WriteOptions) -> WriteOptions:
        options.warnings = self.warnings
        return options

    def showing(self, resource: Resource | None = None) -> Showing:
        """How objects are to be shown, by default those of the path; raises StatusError 406, 400."""
        form = negotiate(self.headers.get("Accept", ""))
        include = parse_include(self.query.text("includeObject"))
        return Showing(self.registry, resource or self.resource, form, include=include)

    def shown(self, stored: Stored, *, status: int = 200) -> Answer:
        """The answer that is this object."""
        showing = self.showing()
        return showing.answer(showing.one(stored), status=status)
