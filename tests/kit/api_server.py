"""A real API server of the embedded cluster in the test's own process, with a client of it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from yarl import URL

from convoy.cluster.apiserver.access import Attributes, Decision
from convoy.cluster.apiserver.dependencies import ApiDependencies, Reviewer, Streams
from convoy.cluster.apiserver.discovery import Discovery
from convoy.cluster.apiserver.documents import Document
from convoy.cluster.apiserver.openapi import OpenApi
from convoy.cluster.apiserver.server import serve_api
from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.requests import ADMIN, User, WriteOptions
from convoy.cluster.machinery.resources import Resource, ResourceTable
from convoy.cluster.registry import Registry
from convoy.cluster.schema import Schemas
from convoy.cluster.store import Store
from convoy.kit.clock import SYSTEM_CLOCK, Clock


class NamedByHeader:
    """An authenticator that believes `X-User`; without it, the administrator. `nobody` is unknown."""

    def user_of(self, headers: Mapping[str, str]) -> User | None:
        name = headers.get("X-User")
        if name == "nobody":
            return None
        return User(name, ("system:authenticated",)) if name else ADMIN


class AdminOnly:
    """An authorizer for which only the administrator may do anything; it remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[Attributes] = []

    def allows(self, user: User, attributes: Attributes) -> Decision:
        self.asked.append(attributes)
        return Decision(user == ADMIN)


@dataclass(frozen=True)
class Reply:
    """An answer, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body."""
        return orjson.loads(self.body)


class Api:
    """A running server: `registry` from inside, `request` and `watch` from outside."""

    def __init__(self, registry: Registry, url: str, session: aiohttp.ClientSession) -> None:
        self.registry = registry
        self.url = url
        self.session = session
        self.authorizer = AdminOnly()

    async def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        is_raw: bool = False,
    ) -> Reply:
        """One request; a body is sent as JSON unless it is bytes. `is_raw` leaves the answer packed."""
        data = body if isinstance(body, bytes) or body is None else orjson.dumps(body)
        given = {"Content-Type": "application/json"} if data is not None else {}
        url = URL(self.url + path, encoded=True)
        skip = ["Content-Type", *(["Accept-Encoding"] if is_raw else [])]
        async with self.session.request(
            method, url, data=data, headers={**given, **(headers or {})}, skip_auto_headers=skip
        ) as response:
            return Reply(response.status, response.headers, await response.read())

    async def get(self, path: str, **headers: str) -> Any:
        """The JSON at a path."""
        return (await self.request("GET", path, headers=headers)).json()

    async def create(self, path: str, obj: Mapping[str, Any]) -> Any:
        """The object as the server made it."""
        reply = await self.request("POST", path, obj)
        assert reply.status == 201, reply.body
        return reply.json()

    @contextlib.asynccontextmanager
    async def watch(self, path: str, *, accept: str = "application/json") -> AsyncIterator["WatchReader"]:
        """The events at a path whose query says `watch`."""
        async with self.session.get(
            URL(self.url + path, encoded=True), headers={"Accept": accept}
        ) as response:
            yield WatchReader(response)


class WatchReader:
    """Reads events one by one."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def event(self) -> Any:
        """The next one; None at the end."""
        async with asyncio.timeout(10):
            line = await self.response.content.readline()
        return orjson.loads(line) if line else None

    async def events(self, count: int) -> list[tuple[str, str]]:
        """Type and name of the next ones."""
        found = [await self.event() for _ in range(count)]
        return [(event["type"], event["object"]["metadata"].get("name", "")) for event in found]


@contextlib.asynccontextmanager
async def running_api(
    path: Path | None = None,
    *,
    prefix: str = "",
    log_length: int = 4096,
    clock: Clock = SYSTEM_CLOCK,
    schemas: Schemas | None = None,
    reviewer: Callable[[Registry], Reviewer] | None = None,
    streams: Streams | None = None,
    documents: Mapping[str, Document] | None = None,
) -> AsyncIterator[Api]:
    """An API server on loopback, with a namespace `default`; objects are kept in memory or at `path`."""
    store = Store(path, log_length=log_length)
    store.open()
    resources = ResourceTable(BUILTIN)
    registry = Registry(store=store, resources=resources, schemas=schemas or Schemas(), clock=clock)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(store.close)
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}{prefix}"
        api = Api(registry, url, await stack.enter_async_context(aiohttp.ClientSession()))
        deps = ApiDependencies(
            registry=registry,
            discovery=Discovery(resources),
            openapi=OpenApi(registry.schemas, resources),
            authenticator=NamedByHeader(),
            authorizer=api.authorizer,
            prefix=prefix,
            reviewer=reviewer(registry) if reviewer else None,
            streams=streams,
            documents=documents or {},
        )
        server = asyncio.create_task(serve_api(deps, [listener]), name="api")
        stack.push_async_callback(_stopped, server)
        await make_namespace(registry, "default")
        yield api


async def _stopped(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])


async def make_namespace(registry: Registry, name: str) -> None:
    """A namespace to work in."""
    namespaces = _namespaces(registry)
    if registry.find(namespaces, "", name) is None:
        obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        await registry.create(namespaces, "", obj, WriteOptions())


def _namespaces(registry: Registry) -> Resource:
    return registry.resources.stored("namespaces")
