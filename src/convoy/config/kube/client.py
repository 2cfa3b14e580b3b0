"""Requests to a cluster's API: the one client of everything that reads from or writes to a cluster."""

import enum
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Literal, Self

import aiohttp
import orjson

from convoy.config.errors import Attempt, KubeError
from convoy.config.kube.connections import Connections, Request, translating
from convoy.config.kube.listings import ALL, Listing, Selection, WatchEvent, accept_header, selection_query
from convoy.config.kube.refusals import refusal
from convoy.config.kube.resources import KubeResource
from convoy.config.kube.targets import KubeTarget
from convoy.config.kube.watches import read_events
from convoy.kit.clock import SYSTEM_CLOCK, Clock

_CHUNK = 500
# Watches end after a while by themselves, spread so that many clients do not come back at once.
_WATCH_SECONDS = (240, 300)
_WATCH_SLACK = 15.0
MANAGER = "convoy"

Json = dict[str, Any]


class PatchKind(enum.Enum):
    """How a patch changes an object; the value is its media type."""

    MERGE = "application/merge-patch+json"
    JSON = "application/json-patch+json"
    APPLY = "application/apply-patch+yaml"


class KubeClient:
    """A cluster's API. Connections are kept and used again; close it after use.

    Every method raises KubeError. Where `namespace` is empty and the resource needs one, the object's own
    counts, then the target's.
    """

    def __init__(self, target: KubeTarget, *, agent: str = MANAGER, clock: Clock = SYSTEM_CLOCK) -> None:
        self._target = target
        self._connections = Connections(target, agent=agent, clock=clock)
        self._discovered: dict[str, dict[str, KubeResource]] = {}

    @property
    def cluster(self) -> str:
        """The cluster's name in messages."""
        return self._target.cluster

    @property
    def namespace(self) -> str:
        """What a name without a namespace is in."""
        return self._target.namespace

    async def close(self) -> None:
        """End all connections; the client may be used again."""
        await self._connections.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def get(
        self, resource: KubeResource, name: str, *, namespace: str = "", subresource: str = ""
    ) -> Json:
        """An object."""
        return await self._on_object("get", "GET", resource, name, namespace, subresource=subresource)

    async def list(self, resource: KubeResource, selection: Selection = ALL) -> Listing:
        """All selected objects, fetched in chunks of one and the same state."""
        try:
            return await self._list(resource, selection, limit=_CHUNK)
        except KubeError as error:
            if not error.is_gone:
                raise
        # The state of the first chunks was forgotten before the last one was asked for.
        return await self._list(resource, selection, limit=0)

    async def _list(self, resource: KubeResource, selection: Selection, *, limit: int) -> Listing:
        items: list[Json] = []
        query = selection_query(selection, limit=str(limit) if limit else "")
        accept = accept_header(selection, is_list=True)
        while True:
            page = await self._answer(
                self._attempt("list", resource, selection.namespace),
                Request("GET", resource.path(namespace=selection.namespace), query=query, accept=accept),
            )
            kind = str(page.get("kind", "")).removesuffix("List")
            # Of objects in a list, API servers leave out what the list itself says.
            said = {"apiVersion": page.get("apiVersion", ""), "kind": kind}
            items += [{**said, **item} for item in page.get("items") or ()]
            metadata = page.get("metadata") or {}
            rest = metadata.get("continue", "")
            if not rest:
                return Listing(items, str(metadata.get("resourceVersion", "")))
            query = {**query, "continue": rest}

    @asynccontextmanager
    async def watch(
        self, resource: KubeResource, selection: Selection = ALL, *, since: str
    ) -> AsyncIterator[AsyncIterator[WatchEvent]]:
        """What happens after a state, as it happens, until the API server ends the watch.

        Inside the block the watch is open. KubeError with `is_gone` (from here or from the events) says that
        the state is forgotten: list again. `follow` does all that.
        """
        seconds = random.randint(*_WATCH_SECONDS)
        attempt = self._attempt("watch", resource, selection.namespace)
        query = selection_query(selection, watch="1", resourceVersion=since, allowWatchBookmarks="true")
        request = Request(
            "GET",
            resource.path(namespace=selection.namespace),
            query={**query, "timeoutSeconds": str(seconds)},
            accept=accept_header(selection),
            timeout=seconds + _WATCH_SLACK,
        )
        response = await self._open(attempt, request)
        try:
            yield read_events(attempt, response)
        finally:
            response.close()

    async def create(self, resource: KubeResource, obj: Mapping[str, Any], *, subresource: str = "") -> Json:
        """Make an object; the answer is the object as the API server made it.

        With a subresource (`token`) the object is sent to that of the object of its name.
        """
        name = obj["metadata"]["name"] if subresource else ""
        return await self._on_object(
            "create", "POST", resource, name, _namespace(obj), subresource=subresource, body=obj
        )

    async def update(self, resource: KubeResource, obj: Mapping[str, Any], *, subresource: str = "") -> Json:
        """Replace an object; with a resourceVersion only if it still has that (else `is_conflict`)."""
        name = obj["metadata"]["name"]
        return await self._on_object(
            "update", "PUT", resource, name, _namespace(obj), subresource=subresource, body=obj
        )

    async def patch(
        self,
        resource: KubeResource,
        name: str,
        patch: Any,
        *,
        namespace: str = "",
        kind: PatchKind = PatchKind.MERGE,
        subresource: str = "",
        manager: str = MANAGER,
        force: bool = False,
    ) -> Json:
        """Change an object. `force` takes fields that others apply; it is for PatchKind.APPLY alone."""
        query = {"fieldManager": manager, **({"force": "true"} if force else {})}
        return await self._on_object(
            "patch",
            "PATCH",
            resource,
            name,
            namespace,
            subresource=subresource,
            body=patch,
            media_type=kind.value,
            query=query,
        )

    async def apply(self, obj: Mapping[str, Any], *, manager: str = MANAGER, force: bool = True) -> Json:
        """Make an object, or make it say what this one says, by server-side apply."""
        resource = await self.find_resource(str(obj["apiVersion"]), str(obj["kind"]))
        return await self.patch(
            resource,
            obj["metadata"]["name"],
            obj,
            namespace=_namespace(obj),
            kind=PatchKind.APPLY,
            manager=manager,
            force=force,
        )

    async def delete(
        self,
        resource: KubeResource,
        name: str,
        *,
        namespace: str = "",
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
        uid: str = "",
    ) -> None:
        """Delete an object, with a `uid` only that very one (else `is_conflict`)."""
        options: Json = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        if uid:
            options["preconditions"] = {"uid": uid}
        await self._on_object("delete", "DELETE", resource, name, namespace, body=options)

    async def find_resource(self, api_version: str, kind: str) -> KubeResource:
        """The resource of a kind, as the cluster says; `is_not_found` when it has none (yet)."""
        known = self._discovered.get(api_version, {})
        if kind not in known:
            known = self._discovered[api_version] = await self._discover(api_version)
        if kind not in known:
            attempt = Attempt("find", f"kind {kind} of {api_version}", self.cluster)
            raise KubeError(attempt, status=404, reason="NotFound", message="the cluster has no such kind")
        return known[kind]

    async def _discover(self, api_version: str) -> dict[str, KubeResource]:
        path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        attempt = Attempt("find", f"the kinds of {api_version}", self.cluster)
        found = await self._answer(attempt, Request("GET", path))
        group, _, version = api_version.rpartition("/")
        return {
            each["kind"]: KubeResource(group, version, each["name"], namespaced=each["namespaced"])
            for each in found["resources"]
            if "/" not in each["name"]
        }

    async def _on_object(
        self,
        verb: str,
        method: str,
        resource: KubeResource,
        name: str,
        namespace: str,
        *,
        subresource: str = "",
        body: Any = None,
        media_type: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Json:
        namespace = (namespace or self._target.namespace) if resource.namespaced else ""
        request = Request(
            method,
            resource.path(namespace=namespace, name=name, subresource=subresource),
            query=query or {},
            body=orjson.dumps(body) if body is not None else b"",
            media_type=media_type,
        )
        return await self._answer(self._attempt(verb, resource, namespace, name, subresource), request)

    async def _answer(self, attempt: Attempt, request: Request) -> Json:
        response = await self._open(attempt, request)
        async with translating(attempt), response:
            answer = orjson.loads(await response.read())
            if not isinstance(answer, dict):
                raise KubeError(attempt, message="the answer is no object, so this is not a Kubernetes API.")
            return answer

    async def _open(self, attempt: Attempt, request: Request) -> aiohttp.ClientResponse:
        response = await self._connections.open(attempt, request)
        if response.status < 400:
            return response
        async with translating(attempt), response:
            raise refusal(attempt, response.status, await response.read())

    def _attempt(
        self, verb: str, resource: KubeResource, namespace: str, name: str = "", subresource: str = ""
    ) -> Attempt:
        what = f"{resource.plural}/{subresource}" if subresource else resource.plural
        return Attempt(
            verb, f"{what}.{resource.group}" if resource.group else what, self.cluster, namespace, name
        )


def _namespace(obj: Mapping[str, Any]) -> str:
    return str(obj["metadata"].get("namespace", ""))
