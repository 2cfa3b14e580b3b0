"""Objects in versions other than the one they are kept in, made once for everybody who asks."""

from collections import OrderedDict
from typing import Any

import orjson

from convoy.cluster.machinery.resources import Resource
from convoy.cluster.registry.conversion import to_shown
from convoy.cluster.store import Key, Stored

_REMEMBERED = 2048


class Shown:
    """The most recent conversions; what is asked for in the stored version costs nothing."""

    def __init__(self) -> None:
        self._cache: OrderedDict[tuple[str, Key, int], tuple[dict[str, Any], bytes]] = OrderedDict()

    def raw(self, stored: Stored, resource: Resource) -> bytes:
        """The object's JSON in the version of `resource`."""
        if resource.api_version == resource.stored_api_version:
            return stored.raw
        return self._converted(stored, resource)[1]

    def object(self, stored: Stored, resource: Resource) -> dict[str, Any]:
        """The object in the version of `resource`; shared."""
        if resource.api_version == resource.stored_api_version:
            return stored.object
        return self._converted(stored, resource)[0]

    def _converted(self, stored: Stored, resource: Resource) -> tuple[dict[str, Any], bytes]:
        place = (f"{resource.api_version}/{resource.plural}", stored.key, stored.revision)
        found = self._cache.get(place)
        if found is None or found[0]["metadata"].get("uid") != stored.object["metadata"].get("uid"):
            obj = to_shown(resource, stored.object)
            found = self._cache[place] = (obj, orjson.dumps(obj))
            if len(self._cache) > _REMEMBERED:
                self._cache.popitem(last=False)
        return found
