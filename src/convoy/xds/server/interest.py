"""Which resources of a type a client wants, and how requests change that.

Equal interests are one object, so that thousands of streams that want the same share what was computed
for it.
"""

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from convoy.xds.cache.resources import CLUSTER, LISTENER
from convoy.xds.server.requests import WILDCARD, Request

# An empty first request means "everything" only for these, by the xDS protocol's rule for old clients:
# https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#how-the-client-specifies-what-resources-to-return
_LEGACY_WILDCARD_TYPES = frozenset({CLUSTER, LISTENER})


class Interest(msgspec.Struct, frozen=True):
    """Everything (`wildcard`), some names, or both."""

    wildcard: bool
    names: frozenset[str]

    def wants(self, name: str) -> bool:
        """Whether a resource of this name is to be sent."""
        return self.wildcard or name in self.names


@lru_cache(maxsize=4096)
def interest_in(wildcard: bool, names: frozenset[str]) -> Interest:
    """The one Interest of this content."""
    return Interest(wildcard, names)


NO_INTEREST = interest_in(False, frozenset())


def after_delta_request(before: Interest | None, request: Request) -> Interest:
    """The interest once a delta request is applied; `before` is None for the first request of a type."""
    if before is None and _is_legacy_wildcard(request):
        return interest_in(True, frozenset())
    before = before or NO_INTEREST
    wildcard = before.wildcard
    if WILDCARD in request.unsubscribe:
        wildcard = False
    if WILDCARD in request.subscribe:
        wildcard = True
    names = (before.names | _names(request.subscribe)) - _names(request.unsubscribe)
    return interest_in(wildcard, names)


def after_sotw_request(before: Interest | None, request: Request, *, was_explicit: bool) -> Interest:
    """The interest once a state-of-the-world request, which lists all names, is applied.

    `was_explicit` tells that the client has named resources before: then an empty list means "nothing".
    """
    if not was_explicit and _is_legacy_wildcard(request):
        return interest_in(True, frozenset())
    return interest_in(WILDCARD in request.subscribe, _names(request.subscribe))


def _is_legacy_wildcard(request: Request) -> bool:
    return request.type_url in _LEGACY_WILDCARD_TYPES and not request.subscribe and not request.unsubscribe


def _names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in names if name != WILDCARD)
