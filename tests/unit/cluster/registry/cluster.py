"""A registry on a real store, with short words for what tests do to it."""

from typing import Any

from tests.kit.clocks import FakeClock

from convoy.cluster.machinery.admission import AdmissionRequest
from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.requests import DeleteOptions, Patch, PatchKind, WriteOptions
from convoy.cluster.machinery.resources import Resource, ResourceTable
from convoy.cluster.registry import Registry
from convoy.cluster.schema import Schemas
from convoy.cluster.store import Store, Stored

Object = dict[str, Any]

AS_USUAL = DeleteOptions()


class Cluster:
    """`default` is there with its service account; plural names stand for resources."""

    def __init__(self, store: Store | None = None, *, is_open: bool = True) -> None:
        self.store = store or Store(None)
        if is_open:
            self.store.open()
        self.clock = FakeClock()
        self.resources = ResourceTable(BUILTIN)
        self.registry = self.started()

    def started(self) -> Registry:
        """A registry over what the store has, as after a restart."""
        self.resources = ResourceTable(BUILTIN)
        self.registry = Registry(
            store=self.store, resources=self.resources, schemas=Schemas(), clock=self.clock
        )
        return self.registry

    def resource(self, name: str) -> Resource:
        """The preferred resource of a plural, or that of `group/version/plural`."""
        if name.count("/") == 2:
            found = self.resources.find(*name.split("/"))
            assert found is not None, name
            return found
        return next(each for each in self.resources if each.plural == name)

    async def create(self, plural: str, obj: Object, *, namespace: str = "default", **how: Any) -> Object:
        """What is kept of a new object."""
        return (await self.registry.create(self.resource(plural), namespace, obj, options(**how))).object

    async def update(
        self, plural: str, obj: Object, *, subresource: str = "", namespace: str = "default", **how: Any
    ) -> Object:
        """What is kept of an object that replaces the one of its name."""
        name = obj["metadata"]["name"]
        stored = await self.registry.update(
            self.resource(plural), namespace, name, obj, options(**how), subresource=subresource
        )
        return stored.object

    async def patch(
        self,
        plural: str,
        name: str,
        body: Any,
        *,
        kind: PatchKind = "merge",
        subresource: str = "",
        **how: Any,
    ) -> Object:
        """What is kept after a patch."""
        stored, _ = await self.registry.patch(
            self.resource(plural), "default", name, Patch(kind, body), options(**how), subresource=subresource
        )
        return stored.object

    async def apply(self, plural: str, obj: Object, **how: Any) -> Object:
        """What is kept after a server-side apply."""
        return await self.patch(plural, obj["metadata"]["name"], obj, kind="apply", **how)

    async def delete(
        self, plural: str, name: str, delete: DeleteOptions = AS_USUAL, **how: Any
    ) -> Object | None:
        """The object while it terminates."""
        stored = await self.registry.delete(self.resource(plural), "default", name, delete, options(**how))
        return stored.object if stored else None

    def find(self, plural: str, name: str) -> Object | None:
        """The object as it is kept."""
        stored = self.stored(plural, name)
        return stored.object if stored else None

    def stored(self, plural: str, name: str) -> Stored | None:
        """As `find`, with its revision."""
        return self.registry.find(self.resource(plural), "default", name)


class Webhooks:
    """An admission that does what a test says."""

    def __init__(self, *, change: Any = None, refuse: Exception | None = None, meanwhile: Any = None) -> None:
        self.seen: list[AdmissionRequest] = []
        self._change = change
        self._refuse = refuse
        self._meanwhile = meanwhile

    async def mutate(self, request: AdmissionRequest) -> Object:
        assert request.object is not None
        self.seen.append(request)
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return self._change(request.object) if self._change else request.object

    async def validate(self, request: AdmissionRequest) -> None:
        self.seen.append(request)
        if self._refuse is not None:
            raise self._refuse


def options(**how: Any) -> WriteOptions:
    """As `kubectl` writes."""
    return WriteOptions(**{"manager": "kubectl", "field_validation": "Strict", **how})


def config_map(name: str = "c", *, data: dict[str, str] | None = None, **metadata: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, **metadata},
        "data": {"a": "1"} if data is None else data,
    }


def pod(name: str = "p", *, spec: Object | None = None, **metadata: Any) -> Object:
    containers = {"containers": [{"name": "main", "image": "curl"}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, **metadata},
        "spec": {**containers, **(spec or {})},
    }


def deployment(name: str = "d", *, api_version: str = "apps/v1", **spec: Any) -> Object:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": pod()["spec"]}
    selector = {"selector": {"matchLabels": labels}} if api_version == "apps/v1" else {}
    return {
        "apiVersion": api_version,
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {**selector, "template": template, **spec},
    }


def crd(
    plural: str = "widgets", kind: str = "Widget", *, version: Object | None = None, **names: Any
) -> Object:
    properties = {
        "spec": {
            "type": "object",
            "properties": {
                "size": {"type": "integer", "default": 1, "minimum": 0},
                "replicas": {"type": "integer"},
            },
        },
        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind, **names},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": properties}},
                    **(version or {}),
                }
            ],
        },
    }


def widget(name: str = "w", *, spec: Object | None = None, **metadata: Any) -> Object:
    return {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": name, **metadata},
        "spec": spec or {},
    }
