"""lightkube. It has no port-forward."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightkube import ApiError, Client, KubeConfig
from lightkube.generic_resource import create_namespaced_resource
from lightkube.models.autoscaling_v1 import ScaleSpec
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap, Pod
from lightkube.types import PatchType as LightPatchType
from tests.cluster.clients.talking import (
    CONFIG_MAP,
    DEPLOYMENT,
    POD,
    Kind,
    Object,
    PatchType,
    Ran,
    RefusedError,
)

_BUILTIN = {CONFIG_MAP: ConfigMap, POD: Pod, DEPLOYMENT: Deployment}
_TYPES = {
    "merge": LightPatchType.MERGE,
    "json": LightPatchType.JSON,
    "strategic": LightPatchType.STRATEGIC,
}


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except ApiError as error:
        raise RefusedError(error.status.code or 0, error.status.message or "") from error


class Light:
    """As Talker has it."""

    def __init__(self, kubeconfig: Path, namespace: str, folder: Path) -> None:
        self.namespace = namespace
        self._client = Client(KubeConfig.from_file(kubeconfig), namespace=namespace)

    def close(self) -> None:
        self._client.close()

    def _resource(self, kind: Kind) -> Any:
        if kind in _BUILTIN:
            return _BUILTIN[kind]
        group, _, version = kind.api_version.rpartition("/")
        return create_namespaced_resource(group, version, kind.kind, kind.plural)

    def create(self, kind: Kind, obj: Object) -> Object:
        with _refusals():
            return self._client.create(self._resource(kind).from_dict(obj)).to_dict()

    def get(self, kind: Kind, name: str) -> Object:
        with _refusals():
            return self._client.get(self._resource(kind), name).to_dict()

    def select(self, kind: Kind, *, labels: str = "", fields: str = "", page: int = 0) -> Sequence[Object]:
        with _refusals():
            found = self._client.list(
                self._resource(kind),
                labels=dict([labels.split("=")]) if labels else None,
                fields=dict([fields.split("=")]) if fields else None,
                chunk_size=page or None,
            )
            return [each.to_dict() for each in found]

    def replace(self, kind: Kind, obj: Object) -> Object:
        with _refusals():
            return self._client.replace(self._resource(kind).from_dict(obj)).to_dict()

    def patch(self, kind: Kind, name: str, patch: Any, how: PatchType) -> Object:
        with _refusals():
            return self._client.patch(self._resource(kind), name, patch, patch_type=_TYPES[how]).to_dict()

    def patch_status(self, kind: Kind, name: str, patch: Any) -> Object:
        with _refusals():
            status = self._resource(kind).Status
            return self._client.patch(status, name, patch, patch_type=LightPatchType.MERGE).to_dict()

    def apply(self, kind: Kind, obj: Object, *, manager: str, force: bool = False) -> Object:
        with _refusals():
            made = self._resource(kind).from_dict(obj)
            return self._client.apply(made, field_manager=manager, force=force).to_dict()

    def scale(self, kind: Kind, name: str, replicas: int) -> None:
        with _refusals():
            scale = self._client.get(self._resource(kind).Scale, name)
            scale.spec = ScaleSpec(replicas=replicas)
            self._client.replace(scale)

    def delete(self, kind: Kind, name: str) -> None:
        with _refusals():
            self._client.delete(self._resource(kind), name)

    def watch(self, kind: Kind, *, since: str) -> Iterator[tuple[str, Object]]:
        with _refusals():
            for event, obj in self._client.watch(self._resource(kind), resource_version=since):
                yield event, obj.to_dict()

    def exec(self, pod: str, command: Sequence[str]) -> Ran:
        with _refusals():
            ran = self._client.exec(pod, command=list(command), stdout=True, stderr=True, timeout=20)
            return Ran(ran.exit_code, ran.stdout or "", ran.stderr or "")

    def log(self, pod: str, *, tail: int | None = None) -> str:
        with _refusals():
            return "".join(self._client.log(pod, tail_lines=tail))

    def follow(self, pod: str) -> Iterator[str]:
        with _refusals():
            yield from self._client.log(pod, follow=True, newlines=False)
