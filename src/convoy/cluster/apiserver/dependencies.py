"""What an API server stands on; the supervisor composes it."""

import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import web

from convoy.cluster.apiserver.access import Authenticator, Authorizer
from convoy.cluster.apiserver.discovery import Discovery
from convoy.cluster.apiserver.documents import Document
from convoy.cluster.apiserver.openapi import OpenApi
from convoy.cluster.machinery.requests import User, WriteOptions
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.registry import Registry


@dataclass(frozen=True, slots=True)
class Review:
    """A question that is answered and not kept: a SubjectAccessReview, TokenReview, TokenRequest, ...

    `subresource` is `token` with the service account's `namespace` and `name`; otherwise `resource` is that
    of the review itself.
    """

    resource: Resource
    namespace: str
    name: str
    subresource: str
    body: dict[str, Any]
    user: User
    options: WriteOptions


Reviewer = Callable[[Review], Awaitable[dict[str, Any]]]  # the body with its status; raises StatusError


@dataclass(frozen=True, slots=True)
class StreamCall:
    """A request for a pod's `exec`, `attach`, `portforward` or `log`; its query is read from the request."""

    request: web.BaseRequest
    namespace: str
    pod: str
    subresource: str
    user: User


class Streams(Protocol):
    """Answers what runs in a pod."""

    async def serve(self, call: StreamCall) -> web.StreamResponse:
        """Serve it to its end; StatusError before anything was sent."""


@dataclass(frozen=True, kw_only=True)
class ApiDependencies:
    """One cluster's parts. Without `tls` it speaks plain HTTP; `prefix` is what all paths start with.

    `documents` are served at their paths, for whoever may get those.
    """

    registry: Registry
    discovery: Discovery
    openapi: OpenApi
    authenticator: Authenticator
    authorizer: Authorizer
    reviewer: Reviewer | None = None
    streams: Streams | None = None
    documents: Mapping[str, Document] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    prefix: str = ""
