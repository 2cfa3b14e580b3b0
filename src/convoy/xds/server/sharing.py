"""Compute once what many streams need: differences, selections and response bodies.

A thousand proxies of one view go through the same states, held as the same objects; so the identity of the
inputs is the key. Where proxies have sets of their own over a shared one, this is done for the shared one,
and what is their own is small. A miss costs time, never correctness. What is remembered is bounded: by the
number of resources that it mentions, by the bytes of bodies, and by how many models ago it was used.
"""

from convoy.xds.cache.encode import encode_empty_assignment, join_delta, join_sotw
from convoy.xds.cache.layers import Layers
from convoy.xds.cache.resources import ENDPOINT, ResourceSet
from convoy.xds.server.changes import (
    Choice,
    Difference,
    Known,
    Names,
    Selection,
    compare,
    doubt,
    select,
    settle,
)
from convoy.xds.server.interest import EVERYTHING, Interest
from convoy.xds.server.layering import (
    goes_by_layer,
    join_differences,
    join_selections,
    layers_of,
    target_layers,
)
from convoy.xds.server.recent import Recent
from convoy.xds.server.requests import InitialVersions, Protocol
from convoy.xds.server.resuming import Resuming

# Below this, looking a body up costs as much as joining it.
_WORTH_KEEPING = 16 << 10


class Sharing:
    """The results that the streams of one server share."""

    def __init__(self, *, mentions: int = 500_000, body_bytes: int = 8 << 20) -> None:
        self._settled: Recent[Known] = Recent(at_most=mentions, weigh=lambda settled: 1 + len(settled))
        self._differences: Recent[Difference] = Recent(at_most=mentions, weigh=_mentions_of_difference)
        self._selections: Recent[Selection] = Recent(at_most=mentions, weigh=_mentions_of_selection)
        self._known: Recent[Known] = Recent(at_most=mentions, weigh=lambda known: 1 + len(known))
        self._naming: Recent[bool] = Recent(at_most=1024, weigh=lambda _: 1)
        self._bodies: Recent[bytes] = Recent(at_most=body_bytes, weigh=len)
        self._resuming = Resuming()
        self.bodies_joined = 0

    def start_generation(self) -> None:
        """The server has a new model."""
        for recent in (self._settled, self._differences, self._selections, self._known, self._naming):
            recent.start_generation()
        self._bodies.start_generation()
        self._resuming.start_generation()

    def settled(self, target: ResourceSet, interest: Interest) -> Known:
        """See `changes.settle`."""
        if interest is EVERYTHING:
            return target
        return self._settled.get((target, interest), (), lambda: settle(target, interest))

    def difference(self, known: Known, target: ResourceSet, interest: Interest) -> Difference:
        """See `changes.compare`."""
        if interest is EVERYTHING and (had := layers_of(known)) is not None:
            wanted = target_layers(target)
            if had[1] or wanted[1]:
                shared = self._difference(had[0], wanted[0], interest)
                own = compare(had[1], wanted[1], interest, settled=wanted[1])
                joined = join_differences(shared, own, target)
                if joined is not None:
                    return joined
        return self._difference(known, target, interest)

    def selection(self, difference: Difference, known: Known, choice: Choice) -> Selection:
        """See `changes.select`."""
        if difference.layers is not None and goes_by_layer(choice) and (had := layers_of(known)) is not None:
            shared = self._selection(difference.layers[0], had[0], choice)
            return join_selections(difference, shared, select(difference.layers[1], had[1], choice))
        return self._selection(difference, known, choice)

    def names_any(self, difference: Difference, names: Names) -> bool:
        """Whether a changed resource names one of some clusters.

        Protobuf keeps text as it is, so a resource that refers to a name contains its bytes. A name that is
        part of a longer one is taken for named, too; then something waits that need not have.
        """
        if not names or not difference.upserts:
            return False
        parts = [part for part in difference.layers or (difference,) if part.upserts]
        return any(
            self._naming.get((part, some), (), lambda part=part, some=some: _names_any(part, some))  # type: ignore[misc]
            for part in parts
            for some in names
        )

    def without(self, known: Known, names: frozenset[str]) -> Known:
        """What is known once some names are forgotten; the same object when none of them is known."""
        forgotten = frozenset(name for name in names if name in known)
        if not forgotten:
            return known
        return self._known.get((known,), ("without", forgotten), lambda: _without(known, forgotten))

    def doubted(self, known: Known, names: frozenset[str]) -> Known:
        """What is known when it has become doubtful whether the client has some of it."""
        if not names:
            return known
        return self._known.get((known,), ("doubted", names), lambda: doubt(known, names))

    def known_before(self, told: InitialVersions, target: ResourceSet, interest: Interest) -> Known:
        """See `resuming.Resuming`."""
        return self._resuming.known_before(told, self.settled(target, interest), interest)

    def body(
        self, selection: Selection, protocol: Protocol, *, type_url: str, head: tuple[str, str], size: int
    ) -> bytes:
        """The response, of about `size` bytes, that carries a selection; `head` is its version and nonce."""

        def join() -> bytes:
            self.bodies_joined += 1
            return _join(selection, protocol, type_url, head)

        is_one_clients = selection.is_whole or isinstance(selection.changed, Layers)
        if size < _WORTH_KEEPING or is_one_clients:
            return join()
        inputs = (selection.changed, selection.repeated, selection.removed)
        return self._bodies.get(inputs, (protocol, type_url, head), join)

    def _difference(self, known: Known, target: ResourceSet, interest: Interest) -> Difference:
        settled = self.settled(target, interest)
        return self._differences.get(
            (known, target, interest), (), lambda: compare(known, target, interest, settled=settled)
        )

    def _selection(self, difference: Difference, known: Known, choice: Choice) -> Selection:
        return self._selections.get((difference, known), (choice,), lambda: select(difference, known, choice))


def _mentions_of_difference(difference: Difference) -> int:
    return 1 + len(difference.upserts) + len(difference.gone) + len(difference.absent)


def _mentions_of_selection(selection: Selection) -> int:
    own = len(selection.after) if isinstance(selection.after, dict) else 0
    return 1 + own + len(selection.changed) + len(selection.removed)


def _names_any(difference: Difference, names: frozenset[str]) -> bool:
    text = b"\0".join(resource.delta_chunk for resource in difference.upserts.values())
    return any(name.encode() in text for name in names)


def _without(known: Known, names: frozenset[str]) -> Known:
    return {name: resource for name, resource in known.items() if name not in names}


def _join(selection: Selection, protocol: Protocol, type_url: str, head: tuple[str, str]) -> bytes:
    version, nonce = head
    if protocol is Protocol.DELTA:
        chunks = [resource.delta_chunk for resource in selection.resources]
        return join_delta(type_url, version, nonce=nonce, chunks=chunks, removed=selection.removed)
    chunks = [resource.sotw_chunk for resource in selection.resources]
    if type_url == ENDPOINT:
        # State of the world has no word for "unknown", and Envoy would hold the cluster back for 15 s.
        chunks += [encode_empty_assignment(name).sotw_chunk for name in selection.unknown]
    return join_sotw(type_url, version, nonce=nonce, chunks=chunks)
