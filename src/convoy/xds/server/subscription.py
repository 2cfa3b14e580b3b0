"""One type of resource on one stream: what the client wants, has, was sent, and said about it.

Pure state, no I/O; the same for both protocols. It knows at most one response under way: the next one waits
for the answer and is then made from what is newest, so nothing ever queues. Which part of a change may be
sent is not decided here but in `push`, because it depends on the other types.

A rejected resource counts as known: its version is not sent again until it changes. What the client goes on
using in its place is remembered in `using`, because removals must spare what that refers to.
"""

import re
from collections.abc import Collection, Iterable, Set
from enum import Enum

import msgspec

from convoy.xds.cache.resources import CLUSTER, LISTENER, Resource, ResourceSet
from convoy.xds.server.changes import NOTHING_KNOWN, Difference, Known, Selection
from convoy.xds.server.interest import (
    EVERYTHING,
    NO_INTEREST,
    Interest,
    after_delta_request,
    after_sotw_request,
)
from convoy.xds.server.requests import Protocol, Request
from convoy.xds.server.sharing import Sharing

_WHOLE_TYPES = frozenset({CLUSTER, LISTENER})
_NO_NAMES: frozenset[str] = frozenset()


class Answer(Enum):
    """What a request said about the response under way."""

    NONE = "none"
    STALE = "stale"
    ACK = "ack"
    NACK = "nack"


class Rejection(msgspec.Struct, frozen=True):
    """A version of a resource that the client refused."""

    version: str
    detail: str


class _UnderWay(msgspec.Struct, frozen=True):
    nonce: str
    version: str
    selection: Selection
    before: Known


class Subscription:
    """The state of one type on one stream."""

    __slots__ = (
        "_compared",
        "_requested",
        "_sharing",
        "_under_way",
        "_was_explicit",
        "acked_version",
        "again",
        "interest",
        "is_whole",
        "known",
        "must_answer",
        "one_by_one",
        "protocol",
        "rejected",
        "responses",
        "sent_version",
        "type_url",
        "using",
    )

    def __init__(self, type_url: str, protocol: Protocol, sharing: Sharing) -> None:
        self.type_url = type_url
        self.protocol = protocol
        self.is_whole = protocol is Protocol.SOTW and type_url in _WHOLE_TYPES
        """Whether each response lists everything: a name left out is a name removed."""
        self.interest = NO_INTEREST
        self.known: Known = NOTHING_KNOWN
        self.must_answer = False
        self.again: frozenset[str] = _NO_NAMES
        self.one_by_one: frozenset[str] = _NO_NAMES
        self.rejected: dict[str, Rejection] = {}
        self.using: dict[str, Resource] = {}
        self.sent_version = ""
        self.acked_version = ""
        self.responses = 0
        self._sharing = sharing
        self._requested = False
        self._was_explicit = False
        self._under_way: _UnderWay | None = None
        self._compared: tuple[Known, ResourceSet, object, Difference] | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether a response awaits its answer."""
        return self._under_way is not None

    @property
    def under_way(self) -> Selection | None:
        """The content of the response that awaits its answer."""
        return self._under_way.selection if self._under_way else None

    def difference(self, target: ResourceSet) -> Difference:
        """What the client lacks of `target`."""
        last = self._compared
        if last and last[0] is self.known and last[1] is target and last[2] is self.interest:
            return last[3]
        found = self._sharing.difference(self.known, target, self.interest)
        if found.is_empty:
            self.known = found.settled  # the same content; what it came from need not be held any longer
        self._compared = (self.known, target, self.interest, found)
        return found

    def is_content_with(self, target: ResourceSet) -> bool:
        """Whether the client has all of `target` and is owed no answer."""
        if self.must_answer or self.again:
            return False
        return (self.known is target and self.interest is EVERYTHING) or self.difference(target).is_empty

    def on_request(self, request: Request, target: ResourceSet) -> Answer:
        """Take a request in; tells what it said about the response under way.

        `target` is what the client should have: what it has from before is looked up there.
        """
        answer = self._on_answer(request)
        if self.protocol is Protocol.DELTA:
            self._on_delta_interest(request, target)
        elif answer is not Answer.STALE:
            # A stale state-of-the-world request is followed by one that repeats its names.
            self._on_sotw_interest(request)
        self._requested = True
        if self.rejected:
            self._forget_rejections()
        return answer

    def on_sent(self, selection: Selection, *, version: str) -> str:
        """Note that a selection goes out; gives the nonce of its response."""
        self.responses += 1
        nonce = f"{self.responses}"
        self._under_way = _UnderWay(nonce, version, selection, self.known)
        self.known = selection.after
        self.sent_version = version
        self.must_answer = False
        self.again = _NO_NAMES
        if self.one_by_one:
            self.one_by_one = frozenset(name for name in self.one_by_one if name not in selection.changed)
        self._clear(selection.removed)
        return nonce

    def send_again(self, names: Collection[str]) -> None:
        """Have resources sent once more, although the client has them."""
        wanted = {name for name in names if name in self.known and self.interest.wants(name)}
        if wanted:
            self.again |= wanted

    def _on_answer(self, request: Request) -> Answer:
        under_way = self._under_way
        if not request.nonce:
            return Answer.NONE
        if under_way is None or request.nonce != under_way.nonce:
            # With nothing under way the last nonce is repeated by requests that only change the interest.
            repeats_last = under_way is None and request.nonce == f"{self.responses}"
            return Answer.NONE if repeats_last else Answer.STALE
        self._under_way = None
        if request.error is not None:
            self._on_nack(under_way, request.error)
            return Answer.NACK
        self._on_ack(under_way)
        return Answer.ACK

    def _on_ack(self, under_way: _UnderWay) -> None:
        self.acked_version = under_way.version
        if self.rejected or self.using:
            changed = under_way.selection.changed
            self._clear(list(self.rejected) if self.is_whole else ["", *changed])

    def _on_nack(self, under_way: _UnderWay, detail: str) -> None:
        selection = under_way.selection
        changed = selection.changed
        sent = {resource.name: resource for resource in selection.resources}
        blamed = {name for name in sent if _is_named_in(detail, name)}
        if changed and not self.is_whole:
            # The client may have applied the rest or none of it, and does not say which. It is sent again
            # without what the client named; if it named nothing, one at a time shows which are good.
            suspects = {name for name in changed if name not in blamed and len(changed) > 1}
            self._doubt(suspects, selection.removed, under_way.before)
            self.one_by_one |= frozenset() if blamed else suspects
        if blamed:
            self._clear(sent.keys() - blamed)
        for name in blamed or changed:
            self.rejected[name] = Rejection(sent[name].version, detail)
            before = under_way.before.get(name)
            if before is not None and name in changed:
                self.using.setdefault(name, before)
        if not sent:
            self.rejected[""] = Rejection(under_way.version, detail)

    def _doubt(self, names: Set[str], removed: Iterable[str], before: Known) -> None:
        """Note that it is not known whether the client applied some resources and removals."""
        left = {name for name in removed if before.get(name) is not None and self.interest.wants(name)}
        doubtful = left | {name for name in names if name in self.known}
        self.known = self._sharing.doubted(self.known, frozenset(doubtful))

    def _on_delta_interest(self, request: Request, target: ResourceSet) -> None:
        before = self.interest if self._requested else None
        self.interest = after_delta_request(before, request)
        if before is None:
            self._on_initial_versions(request, target)
        elif request.subscribe or request.unsubscribe:
            # Subscribing to a name means "send it", even to a client that had it; unsubscribing from a name
            # that the wildcard still covers asks for it as well.
            self._forget(request.subscribe | request.unsubscribe, before)

    def _on_initial_versions(self, request: Request, target: ResourceSet) -> None:
        if request.initial_versions:
            self.known = self._sharing.known_before(request.initial_versions, target, self.interest)
        # An Envoy that starts waits for the first answer, even if there is nothing to say.
        self.must_answer = self.interest.wildcard and not request.initial_versions

    def _on_sotw_interest(self, request: Request) -> None:
        before = self.interest if self._requested else None
        self.interest = after_sotw_request(before, request, was_explicit=self._was_explicit)
        self._was_explicit = self._was_explicit or bool(request.subscribe)
        if before is None:
            self.must_answer = True
        elif self.interest is not before:
            self._forget(self.interest.names ^ before.names, before)
            if self.is_whole:
                self.must_answer = True

    def _forget(self, names: frozenset[str], before: Interest) -> None:
        """Forget that the client has what it names anew or does not want any more."""
        if before.wildcard and not self.interest.wildcard:
            names |= {name for name in self.known if not self.interest.wants(name)}
        self.known = self._sharing.without(self.known, names)

    def _forget_rejections(self) -> None:
        for name in [n for n in self.rejected if n and not self.interest.wants(n)]:
            self._clear([name])

    def _clear(self, names: Iterable[str]) -> None:
        for name in names:
            self.rejected.pop(name, None)
            self.using.pop(name, None)


def _is_named_in(detail: str, name: str) -> bool:
    """Whether a client's complaint names a resource; a part of a longer name does not count."""
    return name in detail and bool(re.search(rf"(?<![\w|.-]){re.escape(name)}(?![\w|-]|\.\w)", detail))
