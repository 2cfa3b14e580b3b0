"""A control plane that does not see one field: `python -m tests.traffic.blinding`, with istiod's arguments.

It reads and judges objects as always, and takes the field out of them before anything is made of it, so it
behaves as one whose builders lack the field's lines. Which field is said by the lab's own ConfigMap, beside
what is applied. A field that an object cannot be without stays: without it the object is refused.
"""

import runpy
from collections.abc import Mapping
from typing import Any, TypeVar, cast

import msgspec
import yaml
from tests.traffic.coverage import MESH_CONFIG

from convoy.api.base import ApiObject
from convoy.api.kube.core import ConfigMap, Pod
from convoy.cluster.images import SOURCE_TREE
from convoy.cluster.types import ImageEntry
from convoy.config.admission import Admit
from convoy.config.store import Held
from convoy.config.view import ConfigView, Lookup, build_view
from convoy.controlplane import pipeline

T = TypeVar("T", bound=ApiObject)

IMAGE = ImageEntry(
    pattern="convoy/pilot",
    argv=("python", "-m", "tests.traffic.blinding"),
    cwd=SOURCE_TREE,
    keep=(SOURCE_TREE,),
)
MARK = ("plain", "lab-generation")
KEY = "blinded"


def blind(view: ConfigView) -> ConfigView:
    """The view without the field that its own mark names."""
    kind, claim = _hidden(view)
    return build_view(view.number, (without(obj, kind, claim) for obj in view)) if claim else view


def blind_admission(admit: Admit) -> Admit:
    """Injection that does not see the field, either."""

    def admit_blindly(pod: Pod, lookup: Lookup) -> Pod:
        return admit(pod, _Blinded(lookup))

    return admit_blindly


class _Blinded:
    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._kind, self._claim = _hidden(lookup)

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        found = self._lookup.get(kind, namespace, name)
        return self._seen(found) if found else None

    def all(self, kind: type[T]) -> tuple[T, ...]:
        return tuple(self._seen(obj) for obj in self._lookup.all(kind))

    def _seen(self, obj: T) -> T:
        return cast(T, without(obj, self._kind, self._claim)) if self._claim else obj


def _hidden(lookup: Lookup) -> tuple[str, str]:
    mark = lookup.get(ConfigMap, *MARK)
    kind, _, claim = (mark.data.get(KEY, "") if mark else "").partition(" ")
    return kind, claim


def without(obj: ApiObject, kind: str, claim: str) -> ApiObject:
    """An object without a field of its `spec`; with `= VALUE`, only where it has that value."""
    path, _, value = (part.strip() for part in claim.partition("="))
    if kind == MESH_CONFIG and isinstance(obj, ConfigMap) and obj.metadata.name == "istio":
        mesh = yaml.safe_load(obj.data["mesh"])
        _delete(mesh, path.split("."), value)
        return msgspec.structs.replace(obj, data={**obj.data, "mesh": yaml.safe_dump(mesh)})
    if obj.kind != kind:
        return obj
    spec = _hide(getattr(obj, "spec"), path.split("."), value)  # noqa: B009 - not every kind has one
    return msgspec.structs.replace(obj, spec=spec)


def _hide(value: Any, path: list[str], meant: str) -> Any:
    if isinstance(value, list):
        return [_hide(each, path, meant) for each in value]
    if isinstance(value, Mapping):
        return {key: _hide(each, path, meant) for key, each in value.items()}
    if not isinstance(value, msgspec.Struct):
        return value
    [field] = [each for each in msgspec.structs.fields(value) if each.encode_name == path[0]]
    current = getattr(value, field.name)
    if len(path) > 1:
        changed = _hide(current, path[1:], meant)
    elif field.required or (meant and str(current) != meant):
        changed = current
    elif field.default_factory is not msgspec.NODEFAULT:
        changed = field.default_factory()
    else:
        changed = field.default
    return msgspec.structs.replace(value, **{field.name: changed})


def _delete(value: Any, path: list[str], meant: str) -> None:
    if isinstance(value, list):
        for each in value:
            _delete(each, path, meant)
    elif isinstance(value, dict) and len(path) > 1:
        _delete(value.get(path[0]), path[1:], meant)
    elif isinstance(value, dict) and (not meant or str(value.get(path[0])) == meant):
        value.pop(path[0], None)


def main() -> None:
    """Run the control plane."""
    build_state = pipeline.build_state

    def build_blinded(held: Held, *args: Any, **options: Any) -> pipeline.Published:
        return build_state(msgspec.structs.replace(held, view=blind(held.view)), *args, **options)

    pipeline.build_state = build_blinded
    runpy.run_module("convoy.controlplane", run_name="__main__")


if __name__ == "__main__":
    main()
