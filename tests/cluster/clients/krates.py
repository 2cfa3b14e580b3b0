"""kr8s, on an event loop of its own; what it has no word for goes through its API calls."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import kr8s
from kr8s.asyncio import api as connect
from kr8s.asyncio.objects import APIObject, Pod, get_class, new_class
from kr8s.asyncio.portforward import PortForward
from tests.cluster.clients.talking import Kind, Object, PatchType, Ran, RefusedError

T = TypeVar("T")


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except kr8s.NotFoundError as error:
        raise RefusedError(404, str(error)) from error
    except kr8s.ServerError as error:
        code = error.response.status_code if error.response else 0
        raise RefusedError(code, str(error)) from error


class Krates:
    """As Talker has it."""

    def __init__(self, kubeconfig: Path, namespace: str, folder: Path) -> None:
        self.namespace = namespace
        self._loop = asyncio.Runner()
        self._api = self._run(_awaited(connect(kubeconfig=str(kubeconfig), namespace=namespace)))

    def close(self) -> None:
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        with _refusals():
            return self._loop.run(work)

    def _class(self, kind: Kind) -> type[APIObject]:
        try:
            return get_class(kind.kind, kind.api_version)
        except KeyError:
            return new_class(kind.kind, kind.api_version, plural=kind.plural)

    def _object(self, kind: Kind, obj: Object) -> APIObject:
        named = {**obj, "metadata": {**obj["metadata"], "namespace": self.namespace}}
        return self._class(kind)(named, api=self._api)

    def _bare(self, kind: Kind, name: str) -> APIObject:
        return self._object(kind, {"metadata": {"name": name}})

    def create(self, kind: Kind, obj: Object) -> Object:
        made = self._object(kind, obj)
        self._run(made.create())
        return made.to_dict()

    def get(self, kind: Kind, name: str) -> Object:
        found = self._bare(kind, name)
        self._run(found.refresh())
        return found.to_dict()

    def select(self, kind: Kind, *, labels: str = "", fields: str = "", page: int = 0) -> Sequence[Object]:
        if page:
            return self._run(self._pages(kind, page))

        async def listed() -> list[Object]:
            found = self._api.get(
                self._class(kind), label_selector=labels or None, field_selector=fields or None
            )
            return [each.to_dict() async for each in found]

        return self._run(listed())

    async def _pages(self, kind: Kind, page: int) -> list[Object]:
        found: list[Object] = []
        asked: dict[str, str] = {"limit": str(page)}
        while True:
            listed = await self._call("GET", kind, "", params=asked)
            found += listed["items"]
            if not listed["metadata"].get("continue"):
                return found
            asked["continue"] = listed["metadata"]["continue"]

    async def _call(self, method: str, kind: Kind, rest: str, **how: Any) -> Object:
        url = f"{kind.plural}/{rest}".rstrip("/")
        async with self._api.call_api(
            method, version=kind.api_version, namespace=self.namespace, url=url, **how
        ) as response:
            told: Object = response.json()
            return told

    def replace(self, kind: Kind, obj: Object) -> Object:
        return self._run(self._call("PUT", kind, obj["metadata"]["name"], content=json.dumps(obj)))

    def patch(self, kind: Kind, name: str, patch: Any, how: PatchType) -> Object:
        if how == "strategic":
            headers = {"Content-Type": "application/strategic-merge-patch+json"}
            return self._run(self._call("PATCH", kind, name, content=json.dumps(patch), headers=headers))
        changed = self._bare(kind, name)
        self._run(changed.patch(patch, type=how))
        return changed.to_dict()

    def patch_status(self, kind: Kind, name: str, patch: Any) -> Object:
        changed = self._bare(kind, name)
        self._run(changed.patch(patch, subresource="status"))
        return changed.to_dict()

    def apply(self, kind: Kind, obj: Object, *, manager: str, force: bool = False) -> Object:
        return self._run(
            self._call(
                "PATCH",
                kind,
                obj["metadata"]["name"],
                params={"fieldManager": manager, "force": "true" if force else "false"},
                content=json.dumps(obj),
                headers={"Content-Type": "application/apply-patch+yaml"},
            )
        )

    def scale(self, kind: Kind, name: str, replicas: int) -> None:
        changed = self._bare(kind, name)
        self._run(changed.patch({"spec": {"replicas": replicas}}, subresource="scale"))

    def delete(self, kind: Kind, name: str) -> None:
        self._run(self._bare(kind, name).delete())

    def watch(self, kind: Kind, *, since: str) -> Iterator[tuple[str, Object]]:
        if since == "1":  # what is too old makes its watch begin anew for ever
            yield from self._raw_watch(kind, since)
            return
        events = self._api.watch(self._class(kind), namespace=self.namespace, since=since)
        for event, obj in self._each(events):
            yield event, obj.to_dict()

    def _raw_watch(self, kind: Kind, since: str) -> Iterator[tuple[str, Object]]:
        async def events() -> AsyncGenerator[Object, None]:
            async with self._api.call_api(
                version=kind.api_version,
                namespace=self.namespace,
                url=kind.plural,
                params={"watch": "true", "resourceVersion": since},
                stream=True,
            ) as response:
                async for line in response.aiter_lines():
                    yield json.loads(line)

        for event in self._each(events()):
            if event["type"] == "ERROR":
                raise RefusedError(event["object"]["code"], event["object"]["message"])
            yield event["type"], event["object"]

    def _each(self, items: AsyncGenerator[T, None]) -> Iterator[T]:
        try:
            while True:
                yield self._run(_awaited(anext(items)))
        except StopAsyncIteration:
            return
        finally:
            self._run(_awaited(items.aclose()))

    def _pod(self, name: str) -> Pod:
        async def get() -> Pod:
            return await Pod.get(name, namespace=self.namespace, api=self._api)

        return self._run(get())

    def exec(self, pod: str, command: Sequence[str]) -> Ran:
        ran = self._run(self._pod(pod).exec(list(command), check=False))
        return Ran(ran.returncode, ran.stdout.decode(), ran.stderr.decode())

    def log(self, pod: str, *, tail: int | None = None) -> str:
        running = self._pod(pod)

        async def read() -> list[str]:
            return [line async for line in running.logs(tail_lines=tail)]

        return "\n".join(self._run(read()))

    def follow(self, pod: str) -> Iterator[str]:
        yield from self._each(self._pod(pod).logs(follow=True))

    @contextmanager
    def forward(self, pod: str, port: int) -> Iterator[Callable[[bytes], bytes]]:
        forward = PortForward(self._pod(pod), port, local_port="auto")
        local = self._run(forward.start())

        async def fetch(data: bytes) -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", local)
            writer.write(data)
            async with asyncio.timeout(20):
                told = await reader.read()
            writer.close()
            return told

        try:
            yield lambda data: self._run(fetch(data))
        finally:
            self._run(forward.stop())


async def _awaited(waiting: Any) -> Any:
    return await waiting
