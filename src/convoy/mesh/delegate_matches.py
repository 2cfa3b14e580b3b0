"""The conditions of a delegate's rule, narrowed by those of the rule that delegates.

Istio's rules: a condition of the delegate must lie within the root's on the same thing (an exact path within
a prefix, a longer prefix within a shorter one); regular expressions and mere presence are never compared.
Every match of the delegate must find room in at least one of the root's, else the whole rule contradicts it.
"""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from convoy.api.istio.common import StringMatch
from convoy.api.istio.virtual_service import HttpMatchRequest

_TEXTS = ("uri", "scheme", "method", "authority")
_MAPS = ("headers", "without_headers", "query_params")


def merge_matches(
    root: list[HttpMatchRequest], delegate: list[HttpMatchRequest]
) -> list[HttpMatchRequest] | None:
    """All pairs that agree, in the delegate's order; None when a match of the delegate agrees with none."""
    if not root or not delegate:
        return delegate or root
    merged = []
    for inner in delegate:
        found = [_merge(outer, inner) for outer in root if not any(_contradictions(outer, inner))]
        if not found:
            return None
        merged += found
    return merged


def _merge(root: HttpMatchRequest, delegate: HttpMatchRequest) -> HttpMatchRequest:
    texts = {field: getattr(delegate, field) or getattr(root, field) for field in _TEXTS}
    maps = {field: {**getattr(root, field), **getattr(delegate, field)} for field in _MAPS}
    return replace(
        delegate,
        name="-".join(filter(None, (root.name, delegate.name))),
        port=delegate.port or root.port,
        source_labels={**root.source_labels, **delegate.source_labels},
        source_namespace=delegate.source_namespace or root.source_namespace,
        gateways=delegate.gateways or root.gateways,
        stat_prefix=delegate.stat_prefix or root.stat_prefix,
        **texts,
        **maps,
    )


def _contradictions(root: HttpMatchRequest, delegate: HttpMatchRequest) -> Iterator[bool]:
    for field in _TEXTS:
        yield _is_outside(getattr(root, field), getattr(delegate, field))
    for field in _MAPS:
        outer: Mapping[str, StringMatch] = getattr(root, field)
        inner: Mapping[str, StringMatch] = getattr(delegate, field)
        yield any(_is_outside(outer[name], inner[name]) for name in outer.keys() & inner.keys())
    yield root.ignore_uri_case != delegate.ignore_uri_case
    yield None not in (root.port, delegate.port) and root.port != delegate.port
    yield "" not in (root.source_namespace, delegate.source_namespace) and (
        root.source_namespace != delegate.source_namespace
    )
    yield any(
        root.source_labels[name] != delegate.source_labels[name]
        for name in root.source_labels.keys() & delegate.source_labels.keys()
    )
    yield bool(root.gateways) and not set(delegate.gateways) <= set(root.gateways)


def _is_outside(root: StringMatch | None, delegate: StringMatch | None) -> bool:
    if root is None or delegate is None:
        return False
    if delegate.exact is not None:
        if root.exact is not None:
            return delegate.exact != root.exact
        return root.prefix is None or not delegate.exact.startswith(root.prefix)
    if delegate.prefix is not None:
        return root.prefix is None or not delegate.prefix.startswith(root.prefix)
    return True
