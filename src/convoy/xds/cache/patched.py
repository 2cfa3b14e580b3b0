"""Resource sets after EnvoyFilters: what was encoded is read, changed and encoded again.

Only proxies that some EnvoyFilter selects come here. A resource that no patch changes keeps its bytes.
"""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3
from envoy.config.core.v3 import extension_pb2 as extension_v3
from envoy.config.listener.v3 import listener_pb2 as listener_v3
from envoy.config.route.v3 import route_pb2 as route_v3

from convoy.api.istio.envoy_filter import PatchContext
from convoy.mesh.model import EnvoyPatch
from convoy.xds.build.envoy_filters.changes import changes_in
from convoy.xds.build.envoy_filters.clusters import patch_clusters
from convoy.xds.build.envoy_filters.extensions import added_extensions
from convoy.xds.build.envoy_filters.listeners import patch_listeners
from convoy.xds.build.envoy_filters.routes import patch_routes
from convoy.xds.cache.consistency import decode
from convoy.xds.cache.encode import encode_resource
from convoy.xds.cache.memo import Memo
from convoy.xds.cache.resources import (
    CLUSTER,
    EMPTY,
    EXTENSION,
    LISTENER,
    ROUTE,
    ProxyResources,
    Resource,
    ResourceSet,
)

Patches = tuple[EnvoyPatch, ...]

_Named = (
    cluster_v3.Cluster
    | listener_v3.Listener
    | route_v3.RouteConfiguration
    | extension_v3.TypedExtensionConfig
)
_M = TypeVar("_M", cluster_v3.Cluster, listener_v3.Listener, route_v3.RouteConfiguration)


def patch_proxy(memo: Memo, proxy: ProxyResources, patches: Patches, *, is_gateway: bool) -> ProxyResources:
    """What a proxy is served once its patches were made; the same object without patches."""
    if not patches:
        return proxy
    return ProxyResources(
        clusters=memo.compose(_clusters, proxy.clusters, patches, is_gateway),
        endpoints=proxy.endpoints,
        listeners=memo.compose(_listeners, proxy.listeners, patches, is_gateway),
        routes=memo.compose(_routes, proxy.routes, patches, is_gateway),
        secrets=proxy.secrets,
        extensions=memo.compose(_extensions, patches, is_gateway),
    )


def _clusters(memo: Memo, resources: ResourceSet, patches: Patches, is_gateway: bool) -> ResourceSet:
    messages = _decoded(resources, cluster_v3.Cluster)
    return _encoded(CLUSTER, patch_clusters(messages, patches, is_gateway=is_gateway), resources)


def _listeners(memo: Memo, resources: ResourceSet, patches: Patches, is_gateway: bool) -> ResourceSet:
    messages = _decoded(resources, listener_v3.Listener)
    return _encoded(LISTENER, patch_listeners(messages, patches, is_gateway=is_gateway), resources)


def _routes(memo: Memo, resources: ResourceSet, patches: Patches, is_gateway: bool) -> ResourceSet:
    context = PatchContext.GATEWAY if is_gateway else PatchContext.SIDECAR_OUTBOUND
    changes = changes_in(patches, context)
    messages = _decoded(resources, route_v3.RouteConfiguration)
    return _encoded(ROUTE, [patch_routes(message, changes) for message in messages], resources)


def _extensions(memo: Memo, patches: Patches, is_gateway: bool) -> ResourceSet:
    return _encoded(EXTENSION, added_extensions(patches, is_gateway=is_gateway), EMPTY)


def _decoded(resources: ResourceSet, kind: type[_M]) -> Iterator[_M]:
    return (decode(resource, kind()) for resource in resources.values())


def _encoded(type_url: str, messages: Iterable[_Named], before: ResourceSet) -> ResourceSet:
    encoded = (encode_resource(type_url, message.name, message) for message in messages)
    return ResourceSet(_kept(resource, before) for resource in encoded)


def _kept(resource: Resource, before: ResourceSet) -> Resource:
    old = before.get(resource.name)
    return old if old is not None and old.version == resource.version else resource
