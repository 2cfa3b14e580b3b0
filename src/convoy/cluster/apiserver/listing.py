"""The options of lists and watches, and the answers to lists and to reads of one object.

What `resourceVersion` and its match mean for lists:
https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list. There is one
process and one counter here, so that today's state is also the one at hand: "any" and "most recent" are one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from convoy.cluster.apiserver.pages import Wanted
from convoy.cluster.apiserver.queries import Query, options_invalid, parse_number
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import (
    Cause,
    StatusError,
    bad_request,
    field_forbidden,
    field_not_supported,
)
from convoy.cluster.store.selectors import (
    FieldSelector,
    LabelSelector,
    parse_field_selector,
    parse_label_selector,
)

_MATCH = "resourceVersionMatch"
_NOT_OLDER = "NotOlderThan"
_EXACT = "Exact"


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """As the query of a watch; `since` None asks for everything there is first."""

    labels: LabelSelector
    fields: FieldSelector
    since: int | None
    has_bookmarks: bool
    marks_initial_end: bool
    timeout: int | None


def parse_revision(text: str) -> int:
    """A resourceVersion, "" and "0" being 0; raises StatusError 400."""
    if text and not (text.isascii() and text.isdigit()):
        why = f'strconv.ParseUint: parsing "{text}": invalid syntax'
        raise bad_request(f'resourceVersion: Invalid value: "{text}": {why}')
    return parse_number("resourceVersion", text) if text else 0


def too_large(revision: int, newest: int) -> StatusError:
    """504: a revision that this cluster has not reached."""
    details = {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }
    message = f"Too large resource version: {revision}, current: {newest}"
    return StatusError(504, "Timeout", message, details)


def check_reached(query: Query, newest: int) -> int:
    """The query's resourceVersion, which reads may not be older than; raises StatusError 504, 400."""
    revision = parse_revision(query.text("resourceVersion"))
    if revision > newest:
        raise too_large(revision, newest)
    return revision


def parse_list(query: Query, resource: Resource, *, newest: int, selectable: Sequence[str] = ()) -> Wanted:
    """What a list is to contain; `selectable` are a custom resource's fields. StatusError 400, 422, 504."""
    _check_list(query)
    limit = query.number("limit") or 0
    token = query.text("continue")
    revision = check_reached(query, newest)
    if token and revision:
        raise bad_request("specifying resource version is not allowed when using continue")
    match = query.text(_MATCH)
    # A page of an older state was all that a version and a limit could mean before there was a match.
    is_exact = bool(revision) and (match == _EXACT or (limit > 0 and not match))
    return Wanted(
        labels=parse_label_selector(query.text("labelSelector")),
        fields=parse_field_selector(resource, query.text("fieldSelector"), selectable=selectable),
        limit=max(0, limit),
        token=token,
        exactly=revision if is_exact else None,
    )


def _check_list(query: Query) -> None:
    match = query.text(_MATCH)
    causes: list[Cause] = []
    if match:
        if not query.text("resourceVersion"):
            why = "resourceVersionMatch is forbidden unless resourceVersion is provided"
            causes.append(field_forbidden(_MATCH, why))
        if query.text("continue"):
            causes.append(field_forbidden(_MATCH, "resourceVersionMatch is forbidden for continue"))
        if match not in (_EXACT, _NOT_OLDER):
            causes.append(field_not_supported(_MATCH, match, (_EXACT, _NOT_OLDER, "")))
        if match == _EXACT and query.text("resourceVersion") == "0":
            why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
            causes.append(field_forbidden(_MATCH, why))
    if query.has("sendInitialEvents"):
        causes.append(field_forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    if causes:
        raise options_invalid("ListOptions", causes)


def parse_watch(
    query: Query, resource: Resource, *, newest: int, selectable: Sequence[str] = ()
) -> WatchOptions:
    """How to watch; see `parse_list`."""
    _check_watch(query)
    revision = parse_revision(query.text("resourceVersion"))
    since = revision or None
    sends_initial = query.flag("sendInitialEvents")
    if sends_initial:
        check_reached(query, newest)
        since = None
    elif query.has("sendInitialEvents") and not revision:
        since = newest
    timeout = query.number("timeoutSeconds")
    return WatchOptions(
        labels=parse_label_selector(query.text("labelSelector")),
        fields=parse_field_selector(resource, query.text("fieldSelector"), selectable=selectable),
        since=since,
        has_bookmarks=query.flag("allowWatchBookmarks"),
        marks_initial_end=sends_initial and query.flag("allowWatchBookmarks"),
        timeout=timeout if timeout and timeout > 0 else None,
    )


def _check_watch(query: Query) -> None:
    match = query.text(_MATCH)
    causes: list[Cause] = []
    if query.has("sendInitialEvents") and match != _NOT_OLDER:
        why = f"sendInitialEvents requires setting resourceVersionMatch to {_NOT_OLDER}"
        causes.append(field_forbidden(_MATCH, why))
    if match and not query.has("sendInitialEvents"):
        why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        causes.append(field_forbidden(_MATCH, why))
    if match and match != _NOT_OLDER:
        causes.append(field_not_supported(_MATCH, match, (_NOT_OLDER,)))
    if causes:
        raise options_invalid("ListOptions", causes)
