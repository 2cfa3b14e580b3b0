"""Patches of clusters."""

from collections.abc import Iterable, Sequence

from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3
from envoy.config.core.v3 import base_pb2 as core_v3

from convoy.api.istio.envoy_filter import ApplyTo, ClusterMatch, Operation, PatchContext
from convoy.mesh.model import EnvoyPatch
from convoy.xds.build import names
from convoy.xds.build.envoy_filters.changes import Change, changes_in, contexts_of, of_kind
from convoy.xds.build.envoy_filters.merging import merge

Cluster = cluster_v3.Cluster

_PARTS = 4  # direction, port, subset, host
_INBOUND_PASSTHROUGH = names.INBOUND_PASSTHROUGH_CLUSTER


def patch_clusters(
    clusters: Iterable[Cluster], patches: Sequence[EnvoyPatch], *, is_gateway: bool
) -> list[Cluster]:
    """The clusters of a proxy once the patches were made; what is added comes last."""
    contexts = contexts_of(is_gateway=is_gateway)
    changes = {context: of_kind(changes_in(patches, context), ApplyTo.CLUSTER) for context in contexts}
    kept = []
    for cluster in clusters:
        context = PatchContext.GATEWAY if is_gateway else _context_of(cluster.name)
        if (changed := _patched(cluster, changes[context])) is not None:
            kept.append(changed)
    for change in dict.fromkeys(change for context in contexts for change in changes[context]):
        added = change.value(Cluster) if change.operation is Operation.ADD else None
        if added is not None and all(added.name != other.name for other in kept):
            kept.append(added)
    return kept


def _context_of(name: str) -> PatchContext:
    is_inbound = name.startswith("inbound|") or name == _INBOUND_PASSTHROUGH
    return PatchContext.SIDECAR_INBOUND if is_inbound else PatchContext.SIDECAR_OUTBOUND


def _patched(cluster: Cluster, changes: Iterable[Change]) -> Cluster | None:
    result = cluster
    for change in changes:
        if not _fits(change.match.cluster, cluster.name):
            continue
        if change.operation is Operation.REMOVE:
            return None
        if change.merges:
            if result is cluster:
                result = Cluster()
                result.CopyFrom(cluster)
            _merge(result, change)
    return result


def _merge(cluster: Cluster, change: Change) -> None:
    """The mesh's own TLS may be among `transport_socket_matches`: what is meant for it goes there."""
    value = change.value(Cluster)
    if value is None:
        return
    if value.HasField("transport_socket"):
        rest = Cluster()
        rest.CopyFrom(value)
        rest.ClearField("transport_socket")
        _merge_socket(cluster, value.transport_socket)
        value = rest
    merge(cluster, value, replaces_lists=change.operation is Operation.MERGE_AND_REPLACE_LIST)


def _merge_socket(cluster: Cluster, socket: core_v3.TransportSocket) -> None:
    for match in cluster.transport_socket_matches:
        if match.transport_socket.name == socket.name:
            merge(match.transport_socket, socket)
            return
    if cluster.transport_socket.name == socket.name:
        merge(cluster.transport_socket, socket)
    else:
        cluster.transport_socket.CopyFrom(socket)


def _fits(match: ClusterMatch | None, name: str) -> bool:
    if match is None:
        return True
    if match.name:
        return match.name == name
    parts = name.split("_." if name.startswith("outbound_.") else "|")
    if len(parts) != _PARTS:
        return not (match.service or match.subset or match.port_number)
    _, port, subset, host = parts
    return (
        match.service in ("", host)
        and match.subset in ("", subset)
        and str(match.port_number or port) == port
    )
