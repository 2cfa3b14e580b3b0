"""What a client lacks, and which part of that goes into the next response. Pure.

`compare` finds the difference between what a client has and what it should have; `select` takes from it what
may be sent now. Both give the new knowledge of the client as a value, so that streams with the same history
hold the same objects, and `sharing` computes everything once for all of them.
"""

from collections.abc import Collection, Mapping
from functools import lru_cache

import msgspec

from convoy.xds.cache.resources import EMPTY, Resource, ResourceSet
from convoy.xds.server.interest import Interest

Known = Mapping[str, Resource | None]
"""What a client has by name; None: it was told that this name, which it asked for, does not exist."""

Names = tuple[frozenset[str], ...]
"""Names in several pieces, as they are shared between streams."""

NOTHING_KNOWN: Known = EMPTY

_IN_DOUBT = "in doubt"


@lru_cache(maxsize=65536)
def held_before(name: str, version: str) -> Resource:
    """Stands for a resource that the client has from an earlier stream; its bytes are not known."""
    return Resource(name=name, version=version, delta_chunk=b"")


def in_doubt(name: str) -> Resource:
    """Stands for a resource that the client may have in some version: to be sent, or to be removed."""
    return held_before(name, _IN_DOUBT)


class Difference(msgspec.Struct, frozen=True, eq=False):
    """What separates a client from its target, for one type."""

    upserts: Mapping[str, Resource]
    """New to the client, or changed."""
    fresh: Names
    """The upserts that are new to it."""
    gone: tuple[str, ...]
    """It has them, and they are no more."""
    absent: tuple[str, ...]
    """It asked for them by name, they do not exist, and it was not told yet."""
    settled: Known
    """What it knows when all of this has been sent."""
    layers: "tuple[Difference, Difference] | None" = None
    """Of sets in layers: what separates it from the shared one, and from its own."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.upserts or self.gone or self.absent)


class Choice(msgspec.Struct, frozen=True):
    """What of a difference may go into the next response."""

    held: frozenset[str] = frozenset()
    """Upserts that have to wait."""
    again: frozenset[str] = frozenset()
    """Names to send though unchanged; one that is also `held` is sent as the client has it."""
    only: str | None = None
    """Send this upsert and nothing else."""
    with_gone: bool = True
    """Whether removals may be sent; `kept` names are excepted."""
    kept: frozenset[str] = frozenset()
    is_whole: bool = False
    """State of the world: a response lists everything the client is to have."""


class Selection(msgspec.Struct, frozen=True, eq=False):
    """The content of one response."""

    changed: Mapping[str, Resource]
    """The resources that are new or changed: these are what an ACK or NACK is about."""
    repeated: tuple[Resource, ...]
    """Sent though the client has them."""
    removed: tuple[str, ...]
    """Gone, or asked for and unknown."""
    unknown: tuple[str, ...]
    """Those of `removed` that the client does not have."""
    fresh: Names
    after: Known
    keeps_gone: bool
    """Whether removals were held back."""
    is_whole: bool = False

    @property
    def count(self) -> int:
        """How many resources the response has."""
        return len(self.resources) if self.is_whole else len(self.changed) + len(self.repeated)

    @property
    def resources(self) -> Collection[Resource]:
        """All resources of the response."""
        if self.is_whole:
            return [resource for resource in self.after.values() if resource is not None]
        return [*self.changed.values(), *self.repeated] if self.repeated else self.changed.values()


def settle(target: ResourceSet, interest: Interest) -> Known:
    """What a client of this interest knows once it has everything."""
    if interest.wildcard:
        missing = [name for name in interest.names if name not in target]
        return {**target, **dict.fromkeys(missing)} if missing else target
    if len(interest.names) == len(target) and interest.names.issuperset(target):
        return target
    return {name: target.get(name) for name in sorted(interest.names)}


def compare(known: Known, target: ResourceSet, interest: Interest, *, settled: Known) -> Difference:
    """Find what a client that knows `known` lacks; `settled` is `settle(target, interest)`."""
    if known is settled:
        return Difference({}, (), (), (), settled)
    if settled is target and isinstance(known, ResourceSet):
        changed = target.changed_since(known)
        if changed is not None:
            return _compare_names(sorted(changed), known, target, interest)
    upserts = {
        name: wanted
        for name, wanted in settled.items()
        if wanted is not None and not _is_same(known.get(name), wanted)
    }
    return Difference(
        upserts=upserts,
        fresh=_fresh(upserts, known),
        gone=tuple(
            name
            for name, had in known.items()
            if had is not None and name not in target and interest.wants(name)
        ),
        absent=tuple(sorted(n for n in interest.names if n not in target and n not in known)),
        settled=settled,
    )


def select(difference: Difference, known: Known, choice: Choice) -> Selection:
    """Take from a difference what the choice admits."""
    if choice.only is not None:
        return _select_one(difference, known, choice)
    changed, fresh = difference.upserts, difference.fresh
    if choice.held:
        changed = {name: resource for name, resource in changed.items() if name not in choice.held}
        fresh = tuple(names - choice.held for names in fresh)
    leaving = difference.gone if choice.with_gone else ()
    removed = tuple(name for name in leaving if name not in choice.kept)
    staying = frozenset(difference.gone) - frozenset(removed)
    unknown = difference.absent + tuple(
        name
        for name in sorted(choice.again)
        if known.get(name, ...) is None and difference.settled.get(name, ...) is None
    )
    after = difference.settled
    if staying or len(changed) < len(difference.upserts):
        after = _patch(difference, known, staying=staying, held=choice.held)
    return Selection(
        changed=changed,
        repeated=_repeat(difference, known, choice),
        removed=(*removed, *unknown),
        unknown=unknown,
        fresh=fresh,
        after=after,
        keeps_gone=bool(staying),
        is_whole=choice.is_whole,
    )


def doubt(known: Known, names: frozenset[str]) -> Known:
    """What is known when it has become doubtful whether the client has some of it."""
    return {**known, **{name: in_doubt(name) for name in sorted(names)}}


def _compare_names(
    names: list[str], known: ResourceSet, target: ResourceSet, interest: Interest
) -> Difference:
    """The difference of two sets that are known to be alike but for some names."""
    upserts = {
        name: target[name] for name in names if name in target and not _is_same(known.get(name), target[name])
    }
    gone = tuple(name for name in names if name not in target and name in known and interest.wants(name))
    return Difference(upserts, _fresh(upserts, known), gone, (), target)


def _fresh(upserts: Mapping[str, Resource], known: Known) -> Names:
    fresh = frozenset(name for name in upserts if not _is_surely_had(known.get(name)))
    return (fresh,) if fresh else ()


def _is_surely_had(had: Resource | None) -> bool:
    return had is not None and had.version != _IN_DOUBT


def _is_same(had: Resource | None, wanted: Resource) -> bool:
    return had is wanted or (had is not None and had.version == wanted.version)


def _repeat(difference: Difference, known: Known, choice: Choice) -> tuple[Resource, ...]:
    """The resources to send though the client has them already."""
    repeated = []
    for name in sorted(choice.again):
        is_held = name in choice.held
        if is_held or name not in difference.upserts:
            current = known.get(name) if is_held else difference.settled.get(name)
            if current is not None:
                repeated.append(current)
    return tuple(repeated)


def _patch(difference: Difference, known: Known, *, staying: frozenset[str], held: frozenset[str]) -> Known:
    """What is known after a response that left something out."""
    after = dict(difference.settled)
    for name in staying:
        after[name] = known[name]
    for name in held:
        if name in difference.upserts:
            after.pop(name)
            if name in known:
                after[name] = known[name]
    return after


def _select_one(difference: Difference, known: Known, choice: Choice) -> Selection:
    assert choice.only is not None
    chosen = difference.upserts[choice.only]
    return Selection(
        changed={chosen.name: chosen},
        repeated=(),
        removed=(),
        unknown=(),
        fresh=tuple(names & {chosen.name} for names in difference.fresh),
        after={**known, chosen.name: chosen},
        keeps_gone=bool(difference.gone),
    )
