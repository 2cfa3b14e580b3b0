"""Objects in versions other than the one they are kept in, made once for everybody who asks."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import orjson

from convoy.cluster.machinery.resources import Resource
from convoy.cluster.registry.conversion import to_shown
from convoy.cluster.store import Key, Stored

_REMEMBERED = 2048


@dataclass(frozen=True, slots=True)
class _Conversion:
    """An object as it is kept, and as it is shown."""

    source: dict[str, Any]
    object: dict[str, Any]
    raw: bytes


class Shown:
    """The most recent conversions; what is asked for in the stored version costs nothing."""

    def __init__(self) -> None:
        self._cache: OrderedDict[tuple[str, Key, int], _Conversion] = OrderedDict()

    def raw(self, stored: Stored, resource: Resource) -> bytes:
        """The object's JSON in the version of `resource`."""
        if resource.api_version == resource.stored_api_version:
            return stored.raw
        return self._converted(stored, resource).raw

    def object(self, stored: Stored, resource: Resource) -> dict[str, Any]:
        """The object in the version of `resource`; shared."""
        if resource.api_version == resource.stored_api_version:
            return stored.object
        return self._converted(stored, resource).object

    def _converted(self, stored: Stored, resource: Resource) -> "_Conversion":
        place = (f"{resource.api_version}/{resource.plural}", stored.key, stored.revision)
        found = self._cache.get(place)
        # What a dry run shows has the revision of the object that it leaves as it is.
        if found is None or found.source is not stored.object:
            obj = to_shown(resource, stored.object)
            found = self._cache[place] = _Conversion(stored.object, obj, orjson.dumps(obj))
            if len(self._cache) > _REMEMBERED:
                self._cache.popitem(last=False)
        return found
