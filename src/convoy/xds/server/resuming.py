"""What a client has from an earlier stream, as it tells in its first requests. Pure.

It names the version of each resource that it has. As a rule these are the very resources that it should have,
and then its knowledge is its target: nothing is held for it alone. After a change, clients that were told the
same before are found to know the same, too.
"""

from collections.abc import Mapping

from convoy.xds.cache.layers import Layers
from convoy.xds.cache.resources import ResourceSet
from convoy.xds.server.changes import Known, held_before
from convoy.xds.server.interest import Interest
from convoy.xds.server.recent import Recent

Versions = Mapping[str, str]
"""By the names of resources."""


class Resuming:
    """Finds out what resuming clients know, and remembers it for those that know the same."""

    def __init__(self, *, mentions: int = 100_000) -> None:
        self._versions: Recent[Versions] = Recent(at_most=mentions, weigh=lambda versions: 1 + len(versions))
        self._known: Recent[tuple[Versions, Known]] = Recent(
            at_most=mentions, weigh=lambda one: 1 + len(one[0])
        )

    def start_generation(self) -> None:
        """The server has a new model."""
        self._versions.start_generation()
        self._known.start_generation()

    def known_before(self, versions: Versions, settled: Known, interest: Interest) -> Known:
        """What a client knows that has these versions; `settled` is what it knows once it has everything."""
        if isinstance(settled, ResourceSet) and settled.layers:
            return self._known_by_layer(versions, settled, *settled.layers)
        if not interest.wildcard and not versions.keys() <= interest.names:
            versions = {name: version for name, version in versions.items() if name in interest.names}
        return self._known_of(versions, settled)

    def _known_by_layer(
        self, versions: Versions, target: ResourceSet, shared: ResourceSet, own: ResourceSet
    ) -> Known:
        of_shared = dict(versions)
        of_own = {name: of_shared.pop(name) for name in own if name in of_shared}
        known_shared = self._known_of(of_shared, shared)
        is_own_known = of_own == _versions_in(own)
        if known_shared is shared and is_own_known:
            return target
        return Layers(known_shared, own if is_own_known else _recall(of_own, own))

    def _known_of(self, versions: Versions, settled: Known) -> Known:
        expected = self._versions.get((settled,), (), lambda: _versions_in(settled))
        if len(expected) == len(settled) and versions == expected:
            return settled
        # Telling whether two clients told the same must not cost what it saves: equal hashes are looked into.
        look = hash(frozenset(versions.items()))
        told, known = self._known.get((settled,), (look,), lambda: (versions, _recall(versions, settled)))
        return known if told == versions else _recall(versions, settled)


def _versions_in(known: Known) -> Versions:
    return {name: resource.version for name, resource in known.items() if resource is not None}


def _recall(versions: Versions, settled: Known) -> Known:
    """A resource of the version that is served today is that resource; of others the bytes are not known."""
    known = {}
    for name, version in versions.items():
        current = settled.get(name)
        is_current = current is not None and current.version == version
        known[name] = current if is_current else held_before(name, version)
    return known
