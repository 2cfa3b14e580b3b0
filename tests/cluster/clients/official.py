"""The official client: its dynamic form for objects, the generated one for what is below pods."""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from kubernetes import client, config, stream, watch
from kubernetes.dynamic import DynamicClient
from kubernetes.stream import portforward
from tests.cluster.clients.talking import Kind, Object, PatchType, Ran, RefusedError

_TYPES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except client.ApiException as error:  # of the dynamic client, too
        body = error.body or "{}"
        try:
            message = orjson.loads(body).get("message", "")
        except orjson.JSONDecodeError:
            message = str(body)
        raise RefusedError(error.status, message or str(error.reason)) from error


class Official:
    """As Talker has it."""

    def __init__(self, kubeconfig: Path, namespace: str, folder: Path) -> None:
        self.namespace = namespace
        self._api = config.new_client_from_config(str(kubeconfig))
        self._core = client.CoreV1Api(self._api)
        self._dynamic = DynamicClient(self._api, cache_file=str(folder / "discovery.json"))

    def close(self) -> None:
        self._api.close()

    def _resource(self, kind: Kind) -> Any:
        return self._dynamic.resources.get(api_version=kind.api_version, kind=kind.kind)

    def create(self, kind: Kind, obj: Object) -> Object:
        with _refusals():
            return self._resource(kind).create(body=obj, namespace=self.namespace).to_dict()

    def get(self, kind: Kind, name: str) -> Object:
        with _refusals():
            return self._resource(kind).get(name=name, namespace=self.namespace).to_dict()

    def select(self, kind: Kind, *, labels: str = "", fields: str = "", page: int = 0) -> Sequence[Object]:
        selected = {"namespace": self.namespace, "label_selector": labels, "field_selector": fields}
        found: list[Object] = []
        more: dict[str, Any] = {"limit": page} if page else {}
        with _refusals():
            while True:
                listed = self._resource(kind).get(**selected, **more).to_dict()
                found += listed["items"]
                more["_continue"] = listed["metadata"].get("continue")
                if not more["_continue"]:
                    return found

    def replace(self, kind: Kind, obj: Object) -> Object:
        with _refusals():
            return self._resource(kind).replace(body=obj, namespace=self.namespace).to_dict()

    def patch(self, kind: Kind, name: str, patch: Any, how: PatchType) -> Object:
        with _refusals():
            changed = self._resource(kind).patch(
                name=name, body=patch, namespace=self.namespace, content_type=_TYPES[how]
            )
            return changed.to_dict()

    def patch_status(self, kind: Kind, name: str, patch: Any) -> Object:
        with _refusals():
            changed = self._resource(kind).status.patch(
                name=name, body=patch, namespace=self.namespace, content_type=_TYPES["merge"]
            )
            return changed.to_dict()

    def apply(self, kind: Kind, obj: Object, *, manager: str, force: bool = False) -> Object:
        with _refusals():
            applied = self._resource(kind).server_side_apply(
                body=obj,
                name=obj["metadata"]["name"],
                namespace=self.namespace,
                field_manager=manager,
                force_conflicts=force,
            )
            return applied.to_dict()

    def scale(self, kind: Kind, name: str, replicas: int) -> None:
        with _refusals():
            scale = self._resource(kind).scale.get(name=name, namespace=self.namespace).to_dict()
            scale["spec"]["replicas"] = replicas
            self._resource(kind).scale.replace(name=name, body=scale, namespace=self.namespace)

    def delete(self, kind: Kind, name: str) -> None:
        with _refusals():
            self._resource(kind).delete(name=name, namespace=self.namespace)

    def watch(self, kind: Kind, *, since: str) -> Iterator[tuple[str, Object]]:
        with _refusals():
            events = self._resource(kind).watch(
                namespace=self.namespace, resource_version=since, watcher=watch.Watch()
            )
            for event in events:
                yield event["type"], event["raw_object"]

    def exec(self, pod: str, command: Sequence[str]) -> Ran:
        with _refusals():
            running = stream.stream(
                self._core.connect_get_namespaced_pod_exec,
                pod,
                self.namespace,
                command=list(command),
                stdout=True,
                stderr=True,
                stdin=False,
                tty=False,
                _preload_content=False,
            )
            running.run_forever(timeout=20)
            return Ran(running.returncode, running.read_stdout() or "", running.read_stderr() or "")

    def log(self, pod: str, *, tail: int | None = None) -> str:
        with _refusals():
            return self._core.read_namespaced_pod_log(pod, self.namespace, tail_lines=tail)

    def follow(self, pod: str) -> Iterator[str]:
        with _refusals():
            yield from watch.Watch().stream(self._core.read_namespaced_pod_log, pod, self.namespace)

    @contextmanager
    def forward(self, pod: str, port: int) -> Iterator[Callable[[bytes], bytes]]:
        with _refusals():
            forwarded = portforward(
                self._core.connect_get_namespaced_pod_portforward, pod, self.namespace, ports=str(port)
            )

        def fetch(data: bytes) -> bytes:
            sock: socket.socket = forwarded.socket(port)
            sock.settimeout(20)
            sock.sendall(data)
            return b"".join(iter(lambda: sock.recv(65536), b""))

        try:
            yield fetch
        finally:
            forwarded.close()
