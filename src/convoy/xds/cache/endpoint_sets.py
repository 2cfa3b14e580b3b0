"""The assignments of a view's clusters as one set, of which a changed endpoint changes one resource."""

from collections.abc import Mapping

import msgspec

from convoy.mesh.model import (
    NOWHERE,
    Assignment,
    MeshSnapshot,
    Part,
    Resolution,
    Upstream,
    UpstreamKey,
    Vantage,
    ViewKey,
)
from convoy.mesh.revisions import changed_keys
from convoy.xds.build.endpoints import build_assignment
from convoy.xds.cache.memo import Memo
from convoy.xds.cache.resources import ENDPOINT, Resource, ResourceSet

_Own = Mapping[UpstreamKey, Assignment]
_NONE: _Own = {}


class _Cast(Part, frozen=True, cache_hash=True):
    """The upstreams of a view that ask for assignments."""

    keys: tuple[UpstreamKey, ...]


class _Made(msgspec.Struct, frozen=True, eq=False):
    """A set, and what it was made of; `placed`: the upstreams for which it matters where callers are."""

    keys: frozenset[UpstreamKey]
    assignments: Mapping[UpstreamKey, Assignment]
    whole: ResourceSet
    placed: frozenset[UpstreamKey]


class EndpointSets:
    """The sets of one snapshot; views that ask for the same assignments are given one set."""

    def __init__(self, snapshot: MeshSnapshot, memo: Memo) -> None:
        self._snapshot = snapshot
        self._memo = memo

    def of(self, view: ViewKey, upstreams: tuple[Upstream, ...], vantage: Vantage) -> ResourceSet:
        """One assignment for each cluster that will ask, if need be without endpoints: Envoy waits for an
        answer. Where nothing depends on the place, everybody is at the same.
        """
        cast = self._memo.share(("cast", upstreams), lambda: _cast_of(upstreams))
        own = self._snapshot.view_assignments.get(view, _NONE)
        made = self._made(cast, own, NOWHERE)
        return (self._made(cast, own, vantage) if made.placed and vantage != NOWHERE else made).whole

    def _made(self, cast: _Cast, own: _Own, vantage: Vantage) -> _Made:
        assignments = self._snapshot.assignments

        def revised(before: _Made | None) -> _Made:
            changed = changed_keys(assignments, before.assignments) if before else None
            if before is None or changed is None:
                return self._all(cast, own, vantage)
            return self._again(before, changed & before.keys, own, vantage)

        return self._memo.revise(("endpoints", cast, own, vantage), revised)

    def _all(self, cast: _Cast, own: _Own, vantage: Vantage) -> _Made:
        found = {key: self._assignment(key, own) for key in cast.keys}
        placed = frozenset(key for key, one in found.items() if one.locality)
        whole = ResourceSet(self._resource(one, vantage) for one in found.values())
        return _Made(frozenset(found), self._snapshot.assignments, whole, placed)

    def _again(self, before: _Made, changed: frozenset[UpstreamKey], own: _Own, vantage: Vantage) -> _Made:
        found = {key: self._assignment(key, own) for key in changed}
        placed = (before.placed - changed) | {key for key, one in found.items() if one.locality}
        whole = before.whole.revised([self._resource(one, vantage) for one in found.values()])
        return _Made(before.keys, self._snapshot.assignments, whole, placed)

    def _assignment(self, key: UpstreamKey, own: _Own) -> Assignment:
        return own.get(key) or self._snapshot.assignments.get(key) or Assignment(key, ())

    def _resource(self, one: Assignment, vantage: Vantage) -> Resource:
        return self._memo.resource(ENDPOINT, build_assignment, one, vantage if one.locality else NOWHERE)


def _cast_of(upstreams: tuple[Upstream, ...]) -> _Cast:
    return _Cast(tuple(one.key for one in upstreams if one.resolution is Resolution.ENDPOINTS))
