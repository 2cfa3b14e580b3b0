"""Which resources there are: name, group, versions, what can be done with them.

Built-in ones are in `builtin.py`; custom resource definitions add and remove theirs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Subresource:
    """Something below an object, as `pods/log`; `api_version` and `kind` are those of its body."""

    name: str
    api_version: str
    kind: str
    verbs: tuple[str, ...] = ("get", "patch", "update")


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource in one API version.

    Objects are kept once for all versions, in `storage_version`; other versions differ in `apiVersion`.
    `deprecation` is the sentence with which every use of this version is answered, if it is to be given up.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[Subresource, ...] = ()
    storage_version: str = ""
    storage_group: str | None = None  # the group that keeps the objects, where another one does
    is_custom: bool = False
    deprecation: str = ""

    @property
    def api_version(self) -> str:
        """As in an object's `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def stored_api_version(self) -> str:
        """The `apiVersion` that its objects carry in the store."""
        group = self.group if self.storage_group is None else self.storage_group
        version = self.storage_version or self.version
        return f"{group}/{version}" if group else version

    @property
    def storage(self) -> str:
        """The store's name for it, the same in every version: `pods`, `apps/deployments`."""
        group = self.group if self.storage_group is None else self.storage_group
        return f"{group}/{self.plural}" if group else self.plural

    @property
    def group_resource(self) -> str:
        """As messages name it: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def list_kind(self) -> str:
        """Kind of a list of them."""
        return f"{self.kind}List"

    def subresource(self, name: str) -> Subresource | None:
        """The subresource of that name."""
        return next((sub for sub in self.subresources if sub.name == name), None)


class ResourceTable:
    """Every resource by path and by kind; custom ones come and go."""

    def __init__(self, builtin: Sequence[Resource]) -> None:
        self._builtin = tuple(builtin)
        self._custom: dict[str, tuple[Resource, ...]] = {}
        self.generation = 0  # rises with every change: what is derived from the table is cached by it
        self._index()

    def _index(self) -> None:
        everything = [*self._builtin, *(r for name in sorted(self._custom) for r in self._custom[name])]
        self._by_path = {(r.group, r.version, r.plural): r for r in everything}
        self._by_kind = {(r.api_version, r.kind): r for r in everything}
        self._by_storage: dict[str, Resource] = {}
        for resource in everything:
            if resource.api_version == resource.stored_api_version:
                self._by_storage[resource.storage] = resource
        self.generation += 1

    def __iter__(self) -> Iterator[Resource]:
        """In discovery order: built-in ones as declared, then custom ones by definition."""
        return iter(self._by_path.values())

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """The resource at `/apis/GROUP/VERSION/PLURAL` (group "": `/api/VERSION/PLURAL`)."""
        return self._by_path.get((group, version, plural))

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource of an object that says it is of this kind."""
        return self._by_kind.get((api_version, kind))

    def stored(self, storage: str) -> Resource:
        """The resource as it is kept, by its `storage`; KeyError when there is none."""
        return self._by_storage[storage]

    def storages(self) -> list[str]:
        """Every name under which objects are kept, in discovery order."""
        return list(self._by_storage)

    def set_custom(self, definition: str, resources: Sequence[Resource]) -> None:
        """Serve what a CustomResourceDefinition defines: one resource per served version."""
        self._custom[definition] = tuple(resources)
        self._index()

    def remove_custom(self, definition: str) -> None:
        """Stop serving what a CustomResourceDefinition defined."""
        self._custom.pop(definition, None)
        self._index()
