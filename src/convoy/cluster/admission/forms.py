"""A request as a webhook sees it: in the version that it asked for, and by what was sent to a subresource.

The registry knows whole objects in the version in which they are kept. A webhook on `deployments/scale` is
shown a Scale, one on `pods/binding` the creation of a Binding.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from convoy.cluster.machinery.admission import AdmissionRequest, Operation
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.registry.conversion import to_kept, to_shown
from convoy.cluster.registry.scaling import BUILTIN_PATHS, build_scale, wanted_replicas, with_replicas
from convoy.cluster.schema import ScalePaths, Schemas

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """Group, version and kind."""

    group: str
    version: str
    name: str

    def to_json(self) -> dict[str, str]:
        """As reviews name it."""
        return {"group": self.group, "version": self.version, "kind": self.name}


@dataclass(frozen=True, slots=True)
class Form:
    """What is shown of a request, and `back`: the object as the registry knows it, from the shown one."""

    operation: Operation
    kind: Kind
    resource: Resource
    object: Object | None
    old_object: Object | None
    back: Callable[[Object], Object]


def kind_of(resource: Resource, subresource: str) -> Kind:
    """The kind of what is written to a resource or its subresource."""
    sub = resource.subresource(subresource) if subresource else None
    if sub is None or sub.kind == resource.kind:
        return Kind(resource.group, resource.version, resource.kind)
    group, _, version = sub.api_version.rpartition("/")
    return Kind(group, version, sub.kind)


def show(request: AdmissionRequest, version: Resource, schemas: Schemas) -> Form:
    """A request for a webhook that asked for `version`."""
    if request.subresource == "scale":
        return _scale(request, version, schemas)
    if request.subresource == "binding":
        return _binding(request, version)
    return Form(
        request.operation,
        kind_of(version, request.subresource),
        version,
        _shown(version, request.object),
        _shown(version, request.old_object),
        lambda obj: to_kept(version, obj),
    )


def _shown(version: Resource, obj: Object | None) -> Object | None:
    return None if obj is None else to_shown(version, obj)


def _scale(request: AdmissionRequest, version: Resource, schemas: Schemas) -> Form:
    paths = _scale_paths(request.resource, schemas)
    whole, old = request.object, request.old_object
    assert whole is not None

    def back(scale: Object) -> Object:
        return with_replicas(whole, paths, wanted_replicas(scale, request.name))

    return Form(
        request.operation,
        kind_of(version, "scale"),
        version,
        build_scale(whole, paths),
        None if old is None else build_scale(old, paths),
        back,
    )


def _scale_paths(resource: Resource, schemas: Schemas) -> ScalePaths:
    found = schemas.scale_paths(resource) if resource.is_custom else None
    return found or BUILTIN_PATHS


def _binding(request: AdmissionRequest, version: Resource) -> Form:
    pod = request.object
    assert pod is not None
    binding = {
        "kind": "Binding",
        "apiVersion": "v1",
        "metadata": {"name": request.name, "namespace": request.namespace},
        "target": {"kind": "Node", "name": pod["spec"].get("nodeName", "")},
    }

    def back(changed: Object) -> Object:
        return {**pod, "spec": {**pod["spec"], "nodeName": (changed.get("target") or {}).get("name", "")}}

    return Form("CREATE", kind_of(version, "binding"), version, binding, None, back)


def as_created(request: AdmissionRequest) -> AdmissionRequest:
    """A request as rules see it: assigning a pod to a node is the creation of a Binding."""
    return dataclasses.replace(request, operation="CREATE") if request.subresource == "binding" else request
