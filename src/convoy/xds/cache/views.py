"""From a mesh snapshot to what each proxy is served.

Work is done per view and per (view, inbound part), never per proxy: proxies that are alike get the very
same sets. A set that did not change is the object of the previous model again, so `is` tells the server
what to push.
"""

from collections.abc import Mapping

from convoy.mesh.model import (
    Assignment,
    GatewayView,
    InboundPart,
    MeshSnapshot,
    Resolution,
    SidecarView,
    ViewKey,
)
from convoy.xds.build import names
from convoy.xds.build.outbound_plan import RouteTable, plan_listeners, plan_routes
from convoy.xds.build.sources import SDS_FOLDER
from convoy.xds.cache import sets
from convoy.xds.cache.memo import Memo
from convoy.xds.cache.resources import ProxyResources, ResourceSet, XdsModel


def build_model(
    snapshot: MeshSnapshot, previous: XdsModel | None, memo: Memo, *, sds_folder: str = SDS_FOLDER
) -> XdsModel:
    """What the control plane serves for a snapshot.

    `memo` is the one that made `previous`; both only save work and keep identities. `sds_folder` is where the
    proxies find their certificates.
    """
    memo.start_generation()
    known = _sets_by_version(previous)
    alike: dict[tuple[ViewKey, InboundPart | None], ProxyResources] = {}
    proxies: dict[str, ProxyResources] = {}
    for name, workload in sorted(snapshot.workloads.items()):
        likeness = (workload.view, workload.inbound)
        if likeness not in alike:
            built = _build_proxy(snapshot, *likeness, memo=memo, sds_folder=sds_folder)
            alike[likeness] = _with_known_sets(built, known)
        proxies[name] = _kept(alike[likeness], previous.proxies.get(name) if previous else None)
    identities = {name: workload.identity for name, workload in sorted(snapshot.workloads.items())}
    return XdsModel(number=snapshot.number, proxies=proxies, identities=identities)


def _build_proxy(
    snapshot: MeshSnapshot, key: ViewKey, inbound: InboundPart | None, *, memo: Memo, sds_folder: str
) -> ProxyResources:
    if key in snapshot.gateway_views:
        view = snapshot.gateway_views[key]
        return _build_gateway(view, snapshot, memo=memo, sds_folder=sds_folder)
    return _build_sidecar(
        snapshot.sidecar_views[key], inbound, snapshot=snapshot, memo=memo, sds_folder=sds_folder
    )


def _build_sidecar(
    view: SidecarView, inbound: InboundPart | None, *, snapshot: MeshSnapshot, memo: Memo, sds_folder: str
) -> ProxyResources:
    return ProxyResources(
        clusters=memo.compose(sets.compose_sidecar_clusters, view.upstreams, inbound, sds_folder),
        endpoints=memo.compose(sets.compose_endpoints, _assignments(view, snapshot)),
        listeners=memo.compose(
            sets.compose_sidecar_listeners,
            plan_listeners(view),
            view.allows_any,
            inbound=inbound,
            sds_folder=sds_folder,
        ),
        routes=memo.compose(sets.compose_routes, plan_routes(view)),
    )


def _build_gateway(
    view: GatewayView, snapshot: MeshSnapshot, *, memo: Memo, sds_folder: str
) -> ProxyResources:
    tables = tuple(RouteTable(names.gateway_routes(http.listen_port), http.routes) for http in view.http)
    return ProxyResources(
        clusters=memo.compose(sets.compose_gateway_clusters, view.upstreams, sds_folder),
        endpoints=memo.compose(sets.compose_endpoints, _assignments(view, snapshot)),
        listeners=memo.compose(
            sets.compose_gateway_listeners, tuple(http.listen_port for http in view.http), view.passthrough
        ),
        routes=memo.compose(sets.compose_routes, tables),
        secrets=memo.compose(sets.compose_secrets, view.credentials),
    )


def _assignments(view: SidecarView | GatewayView, snapshot: MeshSnapshot) -> tuple[Assignment, ...]:
    """One for each cluster that will ask, if need be without endpoints: Envoy waits for an answer."""
    keys = [upstream.key for upstream in view.upstreams if upstream.resolution is Resolution.ENDPOINTS]
    return tuple(snapshot.assignment(view.key, key) or Assignment(key, ()) for key in keys)


def _sets_by_version(previous: XdsModel | None) -> Mapping[str, ResourceSet]:
    distinct = {id(proxy): proxy for proxy in previous.proxies.values()} if previous else {}
    return {resources.version: resources for proxy in distinct.values() for resources in _sets(proxy)}


def _with_known_sets(proxy: ProxyResources, known: Mapping[str, ResourceSet]) -> ProxyResources:
    return ProxyResources(
        clusters=known.get(proxy.clusters.version, proxy.clusters),
        endpoints=known.get(proxy.endpoints.version, proxy.endpoints),
        listeners=known.get(proxy.listeners.version, proxy.listeners),
        routes=known.get(proxy.routes.version, proxy.routes),
        secrets=known.get(proxy.secrets.version, proxy.secrets),
    )


def _kept(proxy: ProxyResources, old: ProxyResources | None) -> ProxyResources:
    """The old object where nothing changed."""
    if old is None:
        return proxy
    pairs = zip(_sets(proxy), _sets(old), strict=True)
    return old if all(new is before for new, before in pairs) else proxy


def _sets(proxy: ProxyResources) -> tuple[ResourceSet, ...]:
    return (proxy.clusters, proxy.endpoints, proxy.listeners, proxy.routes, proxy.secrets)
