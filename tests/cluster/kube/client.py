"""The API of a running cluster, as a client on the host sees it."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from tests.cluster.manifests import pod
from tests.kit.waiting import until

from convoy.cluster.client import World
from convoy.cluster.types import KubeClusterInfo, KubeClusterSpec

Json = dict[str, Any]

_PATHS = {
    "Namespace": "/api/v1",
    "Node": "/api/v1",
    "Pod": "/api/v1",
    "Service": "/api/v1",
    "Endpoints": "/api/v1",
    "ConfigMap": "/api/v1",
    "Deployment": "/apis/apps/v1",
    "EndpointSlice": "/apis/discovery.k8s.io/v1",
    "NetworkPolicy": "/apis/networking.k8s.io/v1",
}
_PLURALS = {"Endpoints": "endpoints", "NetworkPolicy": "networkpolicies"}
_CLUSTER_SCOPED = ("Namespace", "Node")
_PATIENCE = 30.0


class RefusedError(Exception):
    """The API said no; `status` is what it answered."""

    def __init__(self, status: Json) -> None:
        super().__init__(status.get("message"))
        self.status = status


class KubeApi:
    """One cluster."""

    def __init__(self, info: KubeClusterInfo, session: aiohttp.ClientSession) -> None:
        self.info = info
        self.name = info.name
        self._session = session

    async def request(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Json:
        """The JSON that a request is answered with; raises RefusedError."""
        data = orjson.dumps(body) if body is not None else None
        headers = {"Content-Type": kind} if body is not None else {}
        async with self._session.request(
            method, self.info.server + path, data=data, headers=headers
        ) as reply:
            answer: Json = orjson.loads(await reply.read())
            if reply.status >= 400:
                raise RefusedError(answer)
            return answer

    async def create(self, *objects: Json) -> list[Json]:
        """Make objects; those without a namespace go to `default`."""
        return [await self.request("POST", _path(each["kind"], _namespace(each)), each) for each in objects]

    async def get(self, kind: str, name: str, namespace: str = "default") -> Json:
        """An object; raises RefusedError."""
        return await self.request("GET", f"{_path(kind, namespace)}/{name}")

    async def list(self, kind: str, query: str = "", namespace: str = "default") -> list[Json]:
        """The objects of a kind."""
        items: list[Json] = (await self.request("GET", _path(kind, namespace) + query))["items"]
        return items

    async def patch(self, kind: str, name: str, body: Json, namespace: str = "default") -> Json:
        """Change an object by a merge patch."""
        path = f"{_path(kind, namespace)}/{name}"
        return await self.request("PATCH", path, body, "application/merge-patch+json")

    async def delete(self, kind: str, name: str, namespace: str = "default") -> None:
        """Delete an object, and wait until it is gone."""
        await self.request("DELETE", f"{_path(kind, namespace)}/{name}")
        await self.wait_gone(kind, name, namespace)

    async def wait_gone(self, kind: str, name: str, namespace: str = "default") -> None:
        """Until there is no object of that name."""

        async def is_gone() -> bool:
            try:
                await self.get(kind, name, namespace)
            except RefusedError as error:
                return error.status["code"] == 404
            return False

        async with asyncio.timeout(_PATIENCE):
            await until(is_gone)

    async def wait(
        self, kind: str, name: str, condition: Callable[[Json], Any], namespace: str = "default"
    ) -> Any:
        """What `condition` sees in an object, once that is true."""
        seen: Json = {}

        async def look() -> Any:
            nonlocal seen
            with contextlib.suppress(RefusedError):
                seen = await self.get(kind, name, namespace)
                return condition(seen)

        try:
            async with asyncio.timeout(_PATIENCE):
                return await until(look)
        except TimeoutError:
            raise AssertionError(
                f"{kind} {name} stayed {orjson.dumps(seen.get('status')).decode()}"
            ) from None

    async def run(self, *pods: Json) -> None:
        """Make pods, and wait until all of them are ready."""
        await self.create(*pods)
        await asyncio.gather(*(self.wait("Pod", each["metadata"]["name"], is_ready) for each in pods))

    async def wait_endpoints(self, service: str, count: int) -> None:
        """Until a Service has so many ready endpoints."""
        query = f"?labelSelector=kubernetes.io/service-name%3D{service}"

        async def are_there() -> bool:
            return len(_ready(await self.list("EndpointSlice", query))) == count

        async with asyncio.timeout(_PATIENCE):
            await until(are_there)


def _ready(slices: list[Json]) -> list[Json]:
    everyone = [endpoint for piece in slices for endpoint in piece.get("endpoints") or ()]
    return [endpoint for endpoint in everyone if endpoint["conditions"]["ready"]]


def _path(kind: str, namespace: str) -> str:
    where = "" if kind in _CLUSTER_SCOPED else f"/namespaces/{namespace}"
    return f"{_PATHS[kind]}{where}/{_PLURALS.get(kind, f'{kind.lower()}s')}"


def _namespace(obj: Json) -> str:
    return str(obj["metadata"].get("namespace") or "default")


def is_ready(obj: Json) -> bool:
    """Whether a pod or node says that it is ready."""
    conditions = obj.get("status", {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


@contextlib.asynccontextmanager
async def api_of(info: KubeClusterInfo) -> AsyncIterator[KubeApi]:
    """A client with the administrator's token, which trusts the cluster's authority alone."""
    folder = Path(info.folder)
    tls = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    headers = {"Authorization": f"Bearer {(folder / 'admin.token').read_text().strip()}"}
    connector = aiohttp.TCPConnector(ssl=tls)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        yield KubeApi(info, session)


async def start(world: World, name: str, **spec: Any) -> KubeClusterInfo:
    """Start a cluster on a port of loopback that is free."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return await world.start_cluster(KubeClusterSpec(name, **spec), listener)


def sleeper(name: str, **spec: Any) -> Json:
    """A pod in which commands can be run."""
    container = {"name": "app", "image": "test/shell", "command": ["sleep", "infinity"]}
    return _placed(pod(name, container), spec)


def teller(name: str, **spec: Any) -> Json:
    """A pod that tells who called, on port 8080; its label `app` is the first part of its name."""
    probe = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}
    ports = [{"name": "web", "containerPort": 8080}]
    container = {"name": "app", "image": "test/web", "readinessProbe": probe, "ports": ports}
    return _placed(pod(name, container), spec)


def _placed(obj: Json, spec: Json) -> Json:
    del obj["status"]
    return {**obj, "spec": {**obj["spec"], "terminationGracePeriodSeconds": 2, **spec}}
