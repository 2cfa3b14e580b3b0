"""Lists in pages, and lists of the past.

Every page of a list shows the objects as they were at its first page: the token of the next page names that
revision, and what changed since is undone from the log. Where the log does not reach back the client is told
so, with a token to go on at today's state if it accepts that
(https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks).
"""

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import StatusError, bad_request
from convoy.cluster.store import Key, Store, Stored, TooOldError
from convoy.cluster.store.selectors import FieldSelector, LabelSelector, labels_of

_TODAY = -1  # a token that goes on at whatever there is now
_TOKEN_VERSION = "meta.k8s.io/v1"
_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. "
    "You can start a new list without the continue parameter, or use the continue token in this response to "
    "retrieve the remainder of the results. Continuing with the provided token results in an inconsistent "
    "list - objects that were created, modified, or deleted between the time the first chunk was returned "
    "and now may show up in the list."
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is to contain. `exactly` is the revision whose state is asked for, None for today's."""

    labels: LabelSelector
    fields: FieldSelector
    limit: int = 0
    token: str = ""
    exactly: int | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is selected away."""
        return self.labels.is_everything and self.fields.is_everything


@dataclass(frozen=True, slots=True)
class Page:
    """A list or a part of one; `metadata` is the ListMeta."""

    items: Sequence[Stored]
    metadata: dict[str, Any]


class ExpiredPageError(StatusError):
    """410 with a token that goes on inconsistently."""

    def __init__(self, token: str) -> None:
        super().__init__(410, "Expired", _TOO_OLD)
        self._token = token

    @property
    def status(self) -> dict[str, Any]:
        """The Status object, which carries the token where lists do."""
        return {**super().status, "metadata": {"continue": self._token}}


def list_page(store: Store, resource: Resource, namespace: str | None, wanted: Wanted) -> Page:
    """One page; raises StatusError: 400 for a token that is none, 410 for a past that is forgotten."""
    after: Key | None = None
    revision = wanted.exactly
    if wanted.token:
        revision, after = _decode_token(wanted.token)
    everything, revision = _listed(store, resource, namespace, wanted, revision=revision, after=after)
    if after is not None:
        everything = [stored for stored in everything if stored.key > after]
    if wanted.is_everything:
        return _page(everything, revision, wanted, total=len(everything))
    matching = _selected(everything, wanted)
    return _page(list(islice(matching, wanted.limit + 1) if wanted.limit else matching), revision, wanted)


def _listed(
    store: Store,
    resource: Resource,
    namespace: str | None,
    wanted: Wanted,
    *,
    revision: int | None,
    after: Key | None,
) -> tuple[Sequence[Stored], int]:
    name = wanted.fields.exact("metadata.name")
    if revision is None and name is not None and namespace is not None:
        found = store.get(resource.storage, Key(namespace, name))
        return ([found] if found else []), store.revision
    if revision is None or revision == _TODAY:
        return store.list(resource.storage, namespace), store.revision
    try:
        return store.list_at(resource.storage, revision, namespace=namespace), revision
    except TooOldError as error:
        if after is not None:
            raise ExpiredPageError(_encode_token(_TODAY, after)) from error
        raise StatusError(410, "Expired", "The resourceVersion for the provided list is too old.") from error


def _selected(items: Iterable[Stored], wanted: Wanted) -> Iterable[Stored]:
    labels, fields = wanted.labels, wanted.fields
    if fields.is_everything:
        return (stored for stored in items if labels.matches(labels_of(stored.object)))
    return (
        stored
        for stored in items
        if fields.matches(stored.object) and labels.matches(labels_of(stored.object))
    )


def _page(items: Sequence[Stored], revision: int, wanted: Wanted, *, total: int | None = None) -> Page:
    """The first `limit` of `items`, of which there is one more where there is a next page."""
    metadata: dict[str, Any] = {"resourceVersion": str(revision)}
    if not wanted.limit or len(items) <= wanted.limit:
        return Page(items, metadata)
    shown = items[: wanted.limit]
    metadata["continue"] = _encode_token(revision, shown[-1].key)
    if total is not None:  # with selectors it would cost a whole walk; the real server leaves it out, too
        metadata["remainingItemCount"] = total - len(shown)
    return Page(shown, metadata)


def _encode_token(revision: int, after: Key) -> str:
    token = {"v": _TOKEN_VERSION, "rv": revision, "start": list(after)}
    return base64.urlsafe_b64encode(orjson.dumps(token)).decode().rstrip("=")


def _decode_token(text: str) -> tuple[int, Key]:
    try:
        token = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        namespace, name = token["start"]
        revision = token["rv"]
        if token["v"] == _TOKEN_VERSION and type(revision) is int and revision >= _TODAY:
            return revision, Key(str(namespace), str(name))
    except (binascii.Error, ValueError, KeyError, TypeError):
        pass
    raise bad_request("continue key is not valid: it is not a token of this server")
