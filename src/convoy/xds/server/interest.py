"""Which resources of a type a client wants, and how requests change that.

Equal interests are one object, so that thousands of streams that want the same share what was computed
for it. An interest lives as long as a stream has it.
"""

from collections.abc import Iterable
from functools import lru_cache
from weakref import WeakValueDictionary

import msgspec

from convoy.xds.cache.resources import CLUSTER, LISTENER
from convoy.xds.server.requests import WILDCARD, Request

# An empty first request means "everything" only for these, by the xDS protocol's rule for old clients:
# https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#how-the-client-specifies-what-resources-to-return
_LEGACY_WILDCARD_TYPES = frozenset({CLUSTER, LISTENER})


class Interest(msgspec.Struct, frozen=True, weakref=True):
    """Everything (`wildcard`), some names, or both."""

    wildcard: bool
    names: frozenset[str]

    def wants(self, name: str) -> bool:
        """Whether a resource of this name is to be sent."""
        return self.wildcard or name in self.names


_INTERESTS: WeakValueDictionary[tuple[bool, frozenset[str]], Interest] = WeakValueDictionary()


def interest_in(wildcard: bool, names: frozenset[str]) -> Interest:
    """The one Interest of this content."""
    found = _INTERESTS.get((wildcard, names))
    if found is None:
        found = _INTERESTS[wildcard, names] = Interest(wildcard, names)
    return found


NO_INTEREST = interest_in(False, frozenset())
EVERYTHING = interest_in(True, frozenset())


def after_delta_request(before: Interest | None, request: Request) -> Interest:
    """The interest once a delta request is applied; `before` is None for the first request of a type."""
    if before is None and _is_legacy_wildcard(request):
        return EVERYTHING
    before = before or NO_INTEREST
    if not (request.subscribe or request.unsubscribe):
        return before
    return _changed(before, request.subscribe, request.unsubscribe)


def after_sotw_request(before: Interest | None, request: Request, *, was_explicit: bool) -> Interest:
    """The interest once a state-of-the-world request, which lists all names, is applied.

    `was_explicit` tells that the client has named resources before: then an empty list means "nothing".
    """
    if not was_explicit and _is_legacy_wildcard(request):
        return EVERYTHING
    if before is not None and not before.wildcard and before.names == request.subscribe:
        return before
    return interest_in(WILDCARD in request.subscribe, _names(request.subscribe))


# When a service comes or goes, all clients ask for the same change, one after the other.
@lru_cache(maxsize=32)
def _changed(before: Interest, subscribe: frozenset[str], unsubscribe: frozenset[str]) -> Interest:
    wildcard = WILDCARD in subscribe or (before.wildcard and WILDCARD not in unsubscribe)
    return interest_in(wildcard, (before.names | _names(subscribe)) - _names(unsubscribe))


def _is_legacy_wildcard(request: Request) -> bool:
    return request.type_url in _LEGACY_WILDCARD_TYPES and not request.subscribe and not request.unsubscribe


def _names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in names if name != WILDCARD)
