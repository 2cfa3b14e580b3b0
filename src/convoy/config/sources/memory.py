"""Objects from memory: files without a disk, and objects as they are; for tests."""

from convoy.api.base import ApiObject
from convoy.api.kinds import key_of
from convoy.api.meta import ObjectKey
from convoy.config.contents import Contents, Located
from convoy.config.folder import Folder
from convoy.config.store import Store
from convoy.kit.latest import LatestValue


class MemorySource:
    """The same interface as FileSource; what is written takes effect in a store while `run` runs."""

    def __init__(self, *, cluster: str = "") -> None:
        self._folder = Folder(cluster=cluster)
        self._objects: dict[ObjectKey, Located] = {}
        self._contents: LatestValue[Contents] = LatestValue()

    def write(self, file: str, text: str) -> None:
        """A file has this text now."""
        self._folder.read(file, text.encode())
        self._publish()

    def remove(self, file: str) -> None:
        """A file is gone."""
        self._folder.forget(file)
        self._publish()

    def put(self, *objects: ApiObject) -> None:
        """Objects are there, without an origin and unvalidated; they win over those of files."""
        for obj in objects:
            self._objects[key_of(obj)] = Located(obj, None)
        self._publish()

    def delete(self, *keys: ObjectKey) -> None:
        """Objects that were put are gone."""
        for key in keys:
            self._objects.pop(key, None)
        self._publish()

    def contents(self) -> Contents:
        """All it has now."""
        files = self._folder.contents()
        return Contents({**files.objects, **self._objects}, files.problems)

    async def run(self, store: Store) -> None:
        """Put the contents into the store, now and after every change, for ever."""
        store.put("memory", self.contents())
        async for contents in self._contents.watch():
            store.put("memory", contents)

    def _publish(self) -> None:
        self._contents.set(self.contents())
