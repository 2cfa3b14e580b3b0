"""Compute once what many streams need: differences, selections and response bodies.

A thousand proxies of one view go through the same states, held as the same objects; so the identity of the
inputs is the key. A miss costs time, never correctness. What is remembered is bounded: by the number of
resources that it mentions, and by the bytes of bodies.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from convoy.xds.cache.encode import encode_empty_assignment, join_delta, join_sotw
from convoy.xds.cache.resources import ENDPOINT, ResourceSet
from convoy.xds.server.changes import Choice, Difference, Known, Selection, compare, select, settle
from convoy.xds.server.interest import Interest
from convoy.xds.server.requests import Protocol

V = TypeVar("V")


class _Memo(Generic[V]):
    """Results by the identity of some inputs and the value of others, least recently used first out."""

    def __init__(self, *, at_most: int, weigh: Callable[[V], int]) -> None:
        self._entries: OrderedDict[tuple[Any, ...], tuple[tuple[object, ...], V]] = OrderedDict()
        self._at_most = at_most
        self._weigh = weigh
        self._weight = 0

    def get(self, inputs: tuple[object, ...], plain: tuple[Any, ...], make: Callable[[], V]) -> V:
        """The result for `inputs` (by identity) and `plain` (by value), made if need be."""
        key = (*map(id, inputs), *plain)
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
            return entry[1]
        value = make()
        # The entry holds its inputs, so that no other object can come to have the same identity.
        self._entries[key] = (inputs, value)
        self._weight += self._weigh(value)
        while self._weight > self._at_most and len(self._entries) > 1:
            _, (_, dropped) = self._entries.popitem(last=False)
            self._weight -= self._weigh(dropped)
        return value


class Sharing:
    """The results that the streams of one server share."""

    def __init__(self, *, mentions: int = 500_000, body_bytes: int = 64 << 20) -> None:
        self._settled: _Memo[Known] = _Memo(at_most=mentions, weigh=lambda settled: 1 + len(settled))
        self._differences: _Memo[Difference] = _Memo(at_most=mentions, weigh=lambda d: 1 + len(d.settled))
        self._selections: _Memo[Selection] = _Memo(at_most=mentions, weigh=lambda s: 1 + len(s.after))
        self._naming: _Memo[bool] = _Memo(at_most=1024, weigh=lambda _: 1)
        self._bodies: _Memo[bytes] = _Memo(at_most=body_bytes, weigh=len)
        self.bodies_joined = 0

    def difference(self, known: Known, target: ResourceSet, interest: Interest) -> Difference:
        """See `changes.compare`."""
        settled = self._settled.get((target, interest), (), lambda: settle(target, interest))
        return self._differences.get(
            (known, target, interest), (), lambda: compare(known, target, interest, settled=settled)
        )

    def selection(self, difference: Difference, known: Known, choice: Choice) -> Selection:
        """See `changes.select`."""
        return self._selections.get((difference, known), (choice,), lambda: select(difference, known, choice))

    def names_any(self, difference: Difference, names: frozenset[str]) -> bool:
        """Whether a changed resource names one of some clusters.

        Protobuf keeps text as it is, so a resource that refers to a name contains its bytes. A name that is
        part of a longer one is taken for named, too; then something waits that need not have.
        """
        if not names or not difference.upserts:
            return False
        return self._naming.get((difference,), (names,), lambda: _names_any(difference, names))

    def body(self, selection: Selection, protocol: Protocol, *, type_url: str, version: str) -> bytes:
        """The response that carries a selection, without a nonce."""
        return self._bodies.get(
            (selection,),
            (protocol, type_url, version),
            lambda: self._join(selection, protocol, type_url, version),
        )

    def _join(self, selection: Selection, protocol: Protocol, type_url: str, version: str) -> bytes:
        self.bodies_joined += 1
        if protocol is Protocol.DELTA:
            chunks = [resource.delta_chunk for resource in selection.resources]
            return join_delta(type_url, version, chunks=chunks, removed=selection.removed)
        chunks = [resource.sotw_chunk for resource in selection.resources]
        if type_url == ENDPOINT:
            # State of the world has no word for "unknown", and Envoy would hold the cluster back for 15 s.
            chunks += [encode_empty_assignment(name).sotw_chunk for name in selection.unknown]
        return join_sotw(type_url, version, chunks=chunks)


def _names_any(difference: Difference, names: frozenset[str]) -> bool:
    text = b"\0".join(resource.sotw_chunk for resource in difference.upserts)
    return any(name.encode() in text for name in names)
