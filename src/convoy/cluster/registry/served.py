"""Keep objects, and serve what CustomResourceDefinitions define while they are kept.

Every write of the registry goes through here, so that a definition and the resources it brings change in the
same moment.
"""

from typing import Any

from convoy.cluster.machinery.resources import Resource
from convoy.cluster.registry import definitions
from convoy.cluster.registry.context import Context
from convoy.cluster.store import Key, StaleError, Stored

_DEFINITIONS = "apiextensions.k8s.io/customresourcedefinitions"


class Shelf:
    """The store, with an eye on definitions. Raises what the store raises."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.serve_definitions()

    def serve_definitions(self) -> None:
        """Serve what the definitions in the store define: needed when it was loaded meanwhile."""
        for stored in self._context.store.list(_DEFINITIONS):
            self._serve(stored.object)

    def put(self, resource: Resource, key: Key, obj: dict[str, Any], *, expected: int | None) -> Stored:
        """Keep an object."""
        stored = self._context.store.put(resource.storage, key, obj, expected=expected)
        if resource.storage == _DEFINITIONS:
            self._serve(stored.object)
        return stored

    def remove(self, resource: Resource, stored: Stored) -> Stored:
        """Forget an object; its definition may have waited for that."""
        removed = self._context.store.remove(resource.storage, stored.key, expected=stored.revision)
        if resource.storage == _DEFINITIONS:
            self._withdraw(removed.object)
        elif resource.is_custom:
            self.finish_definition(f"{resource.plural}.{resource.group}")
        return removed

    def finish_definition(self, name: str) -> None:
        """Let a definition go that is being deleted and has no objects any more."""
        stored = self._context.store.get(_DEFINITIONS, Key("", name))
        if stored is None or not definitions.awaits_cleanup(stored.object) or self.instances(stored.object):
            return
        obj = definitions.without_cleanup(stored.object)
        resource = self._context.resources.stored(_DEFINITIONS)
        try:
            if obj["metadata"].get("finalizers"):
                self.put(resource, stored.key, obj, expected=stored.revision)
            else:
                self.remove(resource, stored)
        except StaleError as error:  # nothing ran since it was read
            raise AssertionError("a definition changed in the same step") from error

    def instances(self, crd: dict[str, Any]) -> list[Stored]:
        """The objects of a definition's kind; none when another definition has its names."""
        if not definitions.is_established(crd):
            return []
        spec = crd["spec"]
        return list(self._context.store.list(f"{spec['group']}/{spec['names']['plural']}"))

    def settle_definition(self, crd: dict[str, Any]) -> dict[str, Any]:
        """A definition that is about to be kept, with the status that says whether it is served."""
        others = (each.object for each in self._context.store.list(_DEFINITIONS))
        return definitions.with_status(crd, others, self._context.clock.now())

    def _serve(self, crd: dict[str, Any]) -> None:
        if definitions.is_established(crd):
            served = self._context.schemas.set_custom(crd)
            self._context.resources.set_custom(crd["metadata"]["name"], served)

    def _withdraw(self, crd: dict[str, Any]) -> None:
        name = crd["metadata"]["name"]
        self._context.resources.remove_custom(name)
        self._context.schemas.remove_custom(name)
        resource = self._context.resources.stored(_DEFINITIONS)
        for stored in self._context.store.list(_DEFINITIONS):  # one of them may have wanted the same names
            if stored.object["spec"]["group"] == crd["spec"]["group"] and not definitions.is_established(
                stored.object
            ):
                self.put(
                    resource, stored.key, self.settle_definition(stored.object), expected=stored.revision
                )
