"""Edits of headers, on a route or on one destination of several.

Envoy applies removals first, and a later addition after an earlier one.
"""

from collections.abc import Iterable, Iterator

from envoy.config.core.v3 import base_pb2 as core_v3
from envoy.config.route.v3 import route_components_pb2 as route_parts_v3

from convoy.mesh.model import HeaderEdits, HeaderOperations

_Option = core_v3.HeaderValueOption


def apply_edits(
    holder: route_parts_v3.Route | route_parts_v3.WeightedCluster.ClusterWeight, edits: HeaderEdits
) -> None:
    """Add the edits of headers; the new authority, if any, is the caller's to set."""
    holder.request_headers_to_add.extend(_additions(edits.request))
    holder.request_headers_to_remove.extend(edits.request.remove)
    holder.response_headers_to_add.extend(_additions(edits.response))
    holder.response_headers_to_remove.extend(edits.response.remove)


def _additions(operations: HeaderOperations) -> Iterator[core_v3.HeaderValueOption]:
    yield from _options(operations.set, _Option.OVERWRITE_IF_EXISTS_OR_ADD)
    yield from _options(operations.add, _Option.APPEND_IF_EXISTS_OR_ADD)


def _options(
    pairs: Iterable[tuple[str, str]], action: core_v3.HeaderValueOption.HeaderAppendAction.ValueType
) -> Iterator[core_v3.HeaderValueOption]:
    for name, value in pairs:
        yield _Option(header=core_v3.HeaderValue(key=name, value=value), append_action=action)
