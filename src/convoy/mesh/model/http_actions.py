"""What happens to a request beside where it goes: edits, answers without a server, faults, copies, CORS."""

from convoy.mesh.model.base import Part
from convoy.mesh.model.upstreams import UpstreamKey

Pairs = tuple[tuple[str, str], ...]
"""Names and values of headers, sorted by name."""

MILLION = 1_000_000
"""Shares of requests are counted in millionths."""


class HeaderOperations(Part, frozen=True, cache_hash=True):
    """Changes of one message's headers: removals first, then `set` replaces and `add` appends."""

    set: Pairs = ()
    add: Pairs = ()
    remove: tuple[str, ...] = ()


class HeaderEdits(Part, frozen=True, cache_hash=True):
    """Changes of a request's and its response's headers."""

    request: HeaderOperations = HeaderOperations()
    response: HeaderOperations = HeaderOperations()
    authority: str = ""
    """The request's new host; empty: it keeps its own."""


NO_EDITS = HeaderEdits()


class RegexRewrite(Part, frozen=True, cache_hash=True):
    r"""What `pattern` (RE2) finds in a path is replaced; `\1` in `substitution` is its first group."""

    pattern: str
    substitution: str


class Rewrite(Part, frozen=True, cache_hash=True):
    """The path a server sees. `path` replaces what the rule's match found: a prefix, or the whole path."""

    path: str = ""
    regex: RegexRewrite | None = None
    """Instead of `path`."""


class Redirect(Part, frozen=True, cache_hash=True):
    """The client is told to ask elsewhere; what is empty stays as in the request."""

    code: int
    path: str = ""
    prefix: str = ""
    """Replaces the matched prefix, instead of `path`."""
    regex: RegexRewrite | None = None
    """Instead of `path` and `prefix`."""
    authority: str = ""
    port: int = 0
    scheme: str = ""


class DirectResponse(Part, frozen=True, cache_hash=True):
    """An answer that the proxy gives itself."""

    status: int
    body: bytes = b""


class Delay(Part, frozen=True, cache_hash=True):
    """Requests wait; `share` of them, in millionths."""

    delay_ms: int
    share: int


class Abort(Part, frozen=True, cache_hash=True):
    """Requests are refused with an HTTP status or a gRPC status; `share` of them, in millionths."""

    share: int
    http_status: int | None = None
    grpc_status: int | None = None


class Fault(Part, frozen=True, cache_hash=True):
    """Trouble made on purpose; a delayed request may also be refused."""

    delay: Delay | None = None
    abort: Abort | None = None


class Mirror(Part, frozen=True, cache_hash=True):
    """A second destination that gets a copy of `share` of the requests, in millionths; nobody sees its
    answers.
    """

    key: UpstreamKey
    share: int
