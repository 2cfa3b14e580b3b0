"""Real webhooks: an HTTPS server on loopback that answers as a test says, and configurations for it."""

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web
from tests.kit.certificates import Authority
from tests.unit.cluster.registry.cluster import Cluster

from convoy.kit.tls import load_key_pair

Object = dict[str, Any]
Answer = Callable[[Object], Any]

AUTHORITY = Authority()


class HookServer:
    """`reviews` are the requests it got, as they came; `answers` what it says at each path."""

    def __init__(self) -> None:
        self.reviews: list[Object] = []
        self.paths: list[str] = []
        self.answers: dict[str, Answer] = {}
        self.connections: set[asyncio.BaseTransport] = set()
        self.port = 0

    def drop_connections(self) -> None:
        """Close them all under the feet of whoever keeps them."""
        for transport in self.connections:
            assert isinstance(transport, asyncio.WriteTransport)
            transport.abort()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        review = orjson.loads(await request.read())
        assert request.transport is not None
        self.connections.add(request.transport)
        self.reviews.append(review["request"])
        self.paths.append(request.path_qs)
        answer = self.answers.get(request.path, lambda _: {})(review["request"])
        if isinstance(answer, Awaitable):
            answer = await answer
        if isinstance(answer, web.StreamResponse):
            return answer
        response = {"uid": review["request"]["uid"], "allowed": True, **answer}
        body = {"apiVersion": review["apiVersion"], "kind": "AdmissionReview", "response": response}
        return web.Response(body=orjson.dumps(body), content_type="application/json")


def patch(*operations: Object) -> Object:
    """A response that changes the object."""
    encoded = base64.b64encode(orjson.dumps(list(operations))).decode()
    return {"patch": encoded, "patchType": "JSONPatch"}


def add(path: str, value: Any) -> Object:
    return {"op": "add", "path": path, "value": value}


@contextlib.asynccontextmanager
async def running_hooks(*names: str) -> AsyncIterator[HookServer]:
    """A server with a certificate for these names."""
    issued = AUTHORITY.issue(dns=names)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load_key_pair(context, issued.key_pem, issued.chain_pem)
    server = HookServer()
    runner = web.ServerRunner(web.Server(server.handle), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        await runner.cleanup()


def bundle(authority: Authority = AUTHORITY) -> str:
    return base64.b64encode(authority.root_pem).decode()


def hook(name: str = "hook.example.com", *, path: str = "/hook", **more: Any) -> Object:
    """A webhook of the Service `hooks/hook` on everything that is done to ConfigMaps."""
    service = {"namespace": "hooks", "name": "hook", "path": path}
    return {
        "name": name,
        "clientConfig": {"service": service, "caBundle": bundle()},
        "rules": [rule()],
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        **more,
    }


def rule(resources: str = "configmaps", groups: str = "", versions: str = "*", **more: Any) -> Object:
    return {
        "operations": ["*"],
        "apiGroups": groups.split(","),
        "apiVersions": versions.split(","),
        "resources": resources.split(","),
        **more,
    }


async def configure(cluster: Cluster, kind: str, *hooks: Object, name: str = "conf") -> Object:
    """Keep a `mutating` or `validating` configuration."""
    plural = f"{kind}webhookconfigurations"
    return await cluster.create(plural, {"metadata": {"name": name}, "webhooks": list(hooks)}, namespace="")
