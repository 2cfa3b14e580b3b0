"""What a client has from an earlier stream, as it tells in its first requests. Pure.

It names the version of each resource that it has. As a rule these are the very resources that it should have,
and then its knowledge is its target: nothing is held for it alone. After a change, clients that were told the
same before are found to know the same, too.
"""

from collections.abc import Mapping

from convoy.xds.cache.layers import Layers
from convoy.xds.cache.resources import EMPTY, ResourceSet
from convoy.xds.server.changes import Known, held_before
from convoy.xds.server.interest import Interest
from convoy.xds.server.recent import Recent
from convoy.xds.server.requests import InitialVersions

Versions = Mapping[str, str]
"""By the names of resources."""


class Resuming:
    """Finds out what resuming clients know, and remembers it for those that know the same."""

    def __init__(self, *, mentions: int = 100_000) -> None:
        self._expected: Recent[InitialVersions] = Recent(at_most=mentions, weigh=lambda one: 1 + len(one))
        self._known: Recent[tuple[Versions, Known]] = Recent(
            at_most=mentions, weigh=lambda one: 1 + len(one[0])
        )

    def start_generation(self) -> None:
        """The server has a new model."""
        self._expected.start_generation()
        self._known.start_generation()

    def known_before(self, told: InitialVersions, settled: Known, interest: Interest) -> Known:
        """What a client knows that has these versions; `settled` is what it knows once it has everything."""
        layers = settled.layers if isinstance(settled, ResourceSet) else None
        shared, own = layers or (settled, EMPTY)
        expected = self._expected.get((shared,), (), lambda: InitialVersions.of(_versions_in(shared)))
        if len(expected) == len(shared) and told.are(expected, also=_versions_in(own)):
            return settled
        versions = told.as_dict()
        if layers is not None:
            of_own = {name: versions.pop(name) for name in own if name in versions}
            return Layers(self._known_of(versions, shared), _recall(of_own, own))
        if not interest.wildcard:
            versions = {name: version for name, version in versions.items() if name in interest.names}
        return self._known_of(versions, settled)

    def _known_of(self, versions: Versions, settled: Known) -> Known:
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
