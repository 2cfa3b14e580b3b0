"""Which proxies are alike: they are served the very same sets.

Those that are alike have a number, which stays the same while others come and go.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from convoy.mesh.model import EnvoyPatch, InboundPart, Vantage, ViewKey, Workload
from convoy.mesh.revisions import Revision, changed_keys
from convoy.xds.cache.resources import ProxyResources

_MOST_UNUSED = 64


class Likeness(NamedTuple):
    """All that decides what a proxy is served."""

    view: ViewKey
    inbound: InboundPart | None
    vantage: Vantage
    patches: tuple[EnvoyPatch, ...]


class Members(msgspec.Struct, frozen=True, eq=False):
    """Who is alike. `likenesses` are in the order of their numbers, and `counts` says how many proxies have
    each; `numbers` and `identities` are by `<pod>.<namespace>`, sorted.
    """

    workloads: Mapping[str, Workload]
    likenesses: tuple[Likeness, ...]
    counts: tuple[int, ...]
    known: Mapping[Likeness, int]
    numbers: Revision[str, int]
    identities: Revision[str, str]


class Proxies(Mapping[str, ProxyResources]):
    """What each proxy is served, by name, through the number of those that it is like."""

    __slots__ = ("_alike", "_numbers")

    def __init__(self, numbers: Mapping[str, int], alike: Sequence[ProxyResources]) -> None:
        self._numbers = numbers
        self._alike = alike

    def __getitem__(self, name: str) -> ProxyResources:
        return self._alike[self._numbers[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


def build_members(workloads: Mapping[str, Workload], before: Members | None) -> Members:
    """Who is alike among these; numbers are those of `before` where only some workloads changed since."""
    changed = changed_keys(workloads, before.workloads) if before else None
    if before is None or changed is None:
        return _numbered(workloads)
    if not changed:
        return before
    made = _exchanged(before, workloads, changed)
    return _numbered(workloads) if made.counts.count(0) > _MOST_UNUSED + len(made.counts) // 2 else made


def _numbered(workloads: Mapping[str, Workload]) -> Members:
    known: dict[Likeness, int] = {}
    numbers = {name: known.setdefault(_likeness(workloads[name]), len(known)) for name in sorted(workloads)}
    counts = [0] * len(known)
    for number in numbers.values():
        counts[number] += 1
    identities = Revision(((name, workloads[name].identity) for name in numbers), order=str)
    return Members(workloads, tuple(known), tuple(counts), known, Revision(numbers, order=str), identities)


def _exchanged(before: Members, workloads: Mapping[str, Workload], changed: frozenset[str]) -> Members:
    known, counts = dict(before.known), list(before.counts)
    numbers: dict[str, int] = {}
    for name in sorted(changed):
        if name in before.numbers:
            counts[before.numbers[name]] -= 1
        workload = workloads.get(name)
        if workload:
            number = numbers[name] = known.setdefault(_likeness(workload), len(known))
            counts += [0] * (len(known) - len(counts))
            counts[number] += 1
    identities = {name: workloads[name].identity for name in numbers}
    gone = changed - numbers.keys()
    is_wider = len(known) > len(before.likenesses)
    return Members(
        workloads=workloads,
        likenesses=tuple(known) if is_wider else before.likenesses,
        counts=tuple(counts),
        known=known,
        numbers=before.numbers.revised(numbers, gone),
        identities=before.identities.revised(identities, gone),
    )


def _likeness(workload: Workload) -> Likeness:
    return Likeness(workload.view, workload.inbound, workload.vantage, workload.patches)
