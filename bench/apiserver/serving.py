"""A real API server in a process of its own: SQLite on disk, one custom resource with a schema."""

import asyncio
import contextlib
import multiprocessing
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from convoy.cluster.apiserver.access import Attributes, Decision
from convoy.cluster.apiserver.dependencies import ApiDependencies
from convoy.cluster.apiserver.discovery import Discovery
from convoy.cluster.apiserver.openapi import OpenApi
from convoy.cluster.apiserver.server import serve_api
from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.requests import ADMIN, User, WriteOptions
from convoy.cluster.machinery.resources import ResourceTable
from convoy.cluster.registry import Registry
from convoy.cluster.schema import Schemas
from convoy.cluster.store import Store

ROUTES = "/apis/bench.example.com/v1/namespaces/default/routes"
_STRING = {"type": "string"}
_DESTINATION = {"type": "object", "properties": {"host": _STRING, "subset": _STRING}}
_WEIGHTED = {"type": "object", "properties": {"destination": _DESTINATION, "weight": {"type": "integer"}}}
_HTTP = {"type": "object", "properties": {"route": {"type": "array", "items": _WEIGHTED}}}
_SPEC = {
    "type": "object",
    "required": ["hosts"],
    "properties": {
        "hosts": {"type": "array", "items": _STRING},
        "http": {"type": "array", "items": _HTTP},
    },
}
_DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "routes.bench.example.com"},
    "spec": {
        "group": "bench.example.com",
        "scope": "Namespaced",
        "names": {"plural": "routes", "singular": "route", "kind": "Route", "listKind": "RouteList"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": _SPEC}}},
            }
        ],
    },
}


class _Anybody:
    """Everyone is the administrator: what is measured is the server."""

    def user_of(self, headers: Mapping[str, str]) -> User | None:
        """The administrator."""
        return ADMIN

    def allows(self, user: User, attributes: Attributes) -> Decision:
        """Always."""
        return Decision(True)


def route(number: int) -> dict[str, Any]:
    """An object of some 500 bytes, as a VirtualService that splits traffic."""
    destinations = [
        {"destination": {"host": "reviews.default.svc.cluster.local", "subset": subset}, "weight": weight}
        for subset, weight in (("v1", 80), ("v2", 15), ("v3", 5))
    ]
    return {
        "apiVersion": "bench.example.com/v1",
        "kind": "Route",
        "metadata": {"name": f"route-{number:06}", "labels": {"app": "reviews"}},
        "spec": {"hosts": [f"reviews-{number}.example.com"], "http": [{"route": destinations}]},
    }


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[tuple[int, int]]:
    """Port and process id of a server that keeps its objects in `folder`, while the block runs."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        process = multiprocessing.get_context("fork").Process(target=_serve, args=(listener, folder))
        process.start()
        port = listener.getsockname()[1]
    try:
        assert process.pid is not None
        yield port, process.pid
    finally:
        process.terminate()
        process.join()


def _serve(listener: socket.socket, folder: Path) -> None:
    asyncio.run(_run(listener, folder))


async def _run(listener: socket.socket, folder: Path) -> None:
    store = Store(folder / "objects.db")
    store.open()
    resources = ResourceTable(BUILTIN)
    registry = Registry(store=store, resources=resources, schemas=Schemas())
    for resource, obj in (
        ("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}),
        ("apiextensions.k8s.io/customresourcedefinitions", _DEFINITION),
    ):
        await registry.create(resources.stored(resource), "", obj, WriteOptions())
    deps = ApiDependencies(
        registry=registry,
        discovery=Discovery(resources),
        openapi=OpenApi(registry.schemas, resources),
        authenticator=_Anybody(),
        authorizer=_Anybody(),
    )
    await serve_api(deps, [listener])
