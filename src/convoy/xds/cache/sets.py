"""Which resources of a type belong together: one composer per set, its parameters again its cache key.

A sidecar's clusters and listeners are its view's, which are made once for all its sidecars, and its own over
them; workloads with equal inbound parts share both.
"""

from collections.abc import Iterable, Iterator

from convoy.mesh.model import NOWHERE, Credential, InboundPart, Upstream, UpstreamKey, Vantage
from convoy.xds.build.clusters import build_cluster
from convoy.xds.build.clusters_fixed import (
    build_blackhole_cluster,
    build_dynamic_dns_cluster,
    build_passthrough_cluster,
)
from convoy.xds.build.clusters_inbound import build_inbound_cluster, build_inbound_passthrough_cluster
from convoy.xds.build.gateway_plan import GatewayListener
from convoy.xds.build.listeners_gateway import build_gateway_listener
from convoy.xds.build.listeners_inbound import build_ingress_listener, build_virtual_inbound
from convoy.xds.build.listeners_outbound import build_outbound_listener, build_virtual_outbound
from convoy.xds.build.outbound_plan import OutboundListener, RouteTable
from convoy.xds.build.secrets import build_secret
from convoy.xds.cache.memo import Memo
from convoy.xds.cache.resources import CLUSTER, LISTENER, SECRET, Resource, ResourceSet
from convoy.xds.cache.route_configurations import assemble_routes


def compose_sidecar_clusters(
    memo: Memo,
    upstreams: tuple[Upstream, ...],
    sds_folder: str,
    *,
    vantage: Vantage = NOWHERE,
    resolves_any: bool = False,
) -> ResourceSet:
    """What the sidecars of a view send to: services, and the fixed ones."""
    return ResourceSet(
        (
            *upstream_clusters(memo, upstreams, sds_folder, vantage),
            memo.resource(CLUSTER, build_blackhole_cluster),
            memo.resource(CLUSTER, build_passthrough_cluster),
            *([memo.resource(CLUSTER, build_dynamic_dns_cluster)] if resolves_any else []),
        )
    )


def add_inbound_clusters(shared: ResourceSet, memo: Memo, inbound: InboundPart) -> ResourceSet:
    """The same for one sidecar, with its own application."""
    return ResourceSet.over(shared, _inbound_clusters(memo, inbound))


def compose_gateway_clusters(
    memo: Memo, upstreams: tuple[Upstream, ...], sds_folder: str, *, vantage: Vantage = NOWHERE
) -> ResourceSet:
    """What a gateway sends to."""
    return ResourceSet(upstream_clusters(memo, upstreams, sds_folder, vantage))


def compose_sidecar_listeners(
    memo: Memo, plans: tuple[OutboundListener, ...], allows_any: bool, egress_proxy: UpstreamKey | None
) -> ResourceSet:
    """The listener to which capture redirects what leaves a pod, and those to which it hands on."""
    return ResourceSet(
        (
            *(memo.resource(LISTENER, build_outbound_listener, plan) for plan in plans),
            memo.resource(LISTENER, build_virtual_outbound, allows_any, egress_proxy),
        )
    )


def add_inbound_listeners(
    shared: ResourceSet, memo: Memo, inbound: InboundPart, sds_folder: str
) -> ResourceSet:
    """The same for one sidecar, with those for what enters its pod."""
    return ResourceSet.over(shared, _inbound_listeners(memo, inbound, sds_folder))


def compose_gateway_listeners(memo: Memo, plans: tuple[GatewayListener, ...], sds_folder: str) -> ResourceSet:
    """The bound ports of a gateway."""
    return ResourceSet(memo.resource(LISTENER, build_gateway_listener, plan, sds_folder) for plan in plans)


def compose_routes(memo: Memo, tables: tuple[RouteTable, ...]) -> ResourceSet:
    """The route configurations that a view's listeners name."""
    return ResourceSet(memo.assemble(assemble_routes, table.name, table.routes) for table in tables)


def compose_secrets(memo: Memo, credentials: tuple[Credential, ...]) -> ResourceSet:
    """What a proxy is given to prove itself with, and to believe its peers by."""
    return ResourceSet(memo.resource(SECRET, build_secret, credential) for credential in credentials)


def upstream_clusters(
    memo: Memo, upstreams: Iterable[Upstream], sds_folder: str, vantage: Vantage
) -> Iterator[Resource]:
    """The clusters of upstreams, as they are seen from a place."""
    return (
        memo.resource(CLUSTER, build_cluster, one, sds_folder, vantage if one.locality else NOWHERE)
        for one in upstreams
    )


def _inbound_clusters(memo: Memo, inbound: InboundPart) -> Iterator[Resource]:
    mark = inbound.interception_mark
    yield memo.resource(CLUSTER, build_inbound_passthrough_cluster, mark)
    for port in inbound.ports:
        yield memo.resource(
            CLUSTER,
            build_inbound_cluster,
            port.port,
            port.protocol,
            mark=mark,
            application=port.application,
            pool=port.pool,
            connect_timeout_ms=port.connect_timeout_ms,
        )


def _inbound_listeners(memo: Memo, inbound: InboundPart, sds_folder: str) -> Iterator[Resource]:
    yield memo.resource(LISTENER, build_virtual_inbound, inbound, sds_folder)
    for port in inbound.ports:
        if port.is_bound:
            yield memo.resource(LISTENER, build_ingress_listener, port, inbound, sds_folder)
