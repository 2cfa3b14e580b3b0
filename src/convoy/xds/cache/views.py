"""From a mesh snapshot to what each proxy is served.

Work is done per view and per (view, inbound part), never per proxy: proxies that are alike get the very
same sets. A set that did not change is the object of the previous model again, so `is` tells the server
what to push.
"""

from collections.abc import Mapping
from typing import NamedTuple

from convoy.mesh.model import (
    NOWHERE,
    Assignment,
    Credential,
    EnvoyPatch,
    GatewayView,
    InboundPart,
    MeshSnapshot,
    Resolution,
    SidecarView,
    Vantage,
    ViewKey,
)
from convoy.xds.build.bound_plan import plan_bound_listeners, plan_bound_routes
from convoy.xds.build.gateway_plan import plan_gateway_listeners, plan_gateway_routes
from convoy.xds.build.outbound_plan import plan_listeners, plan_routes
from convoy.xds.build.sources import SDS_FOLDER
from convoy.xds.cache import sets
from convoy.xds.cache.memo import Memo
from convoy.xds.cache.patched import patch_proxy
from convoy.xds.cache.resources import ProxyResources, ResourceSet, XdsModel

_Likeness = tuple[ViewKey, InboundPart | None, Vantage, tuple[EnvoyPatch, ...]]


class _Place(NamedTuple):
    """A view with its endpoints, and from where they are seen; also those that clusters bring along."""

    view: SidecarView | GatewayView
    assignments: tuple[Assignment, ...]
    of_endpoints: Vantage
    of_clusters: Vantage


def build_model(
    snapshot: MeshSnapshot, previous: XdsModel | None, memo: Memo, *, sds_folder: str = SDS_FOLDER
) -> XdsModel:
    """What the control plane serves for a snapshot.

    `memo` is the one that made `previous`; both only save work and keep identities. `sds_folder` is where the
    proxies find their certificates.
    """
    memo.start_generation()
    known = _sets_by_version(previous)
    alike: dict[_Likeness, ProxyResources] = {}
    places: dict[tuple[ViewKey, Vantage], _Place] = {}
    proxies: dict[str, ProxyResources] = {}
    for name, workload in sorted(snapshot.workloads.items()):
        likeness = (workload.view, workload.inbound, workload.vantage, workload.patches)
        if likeness not in alike:
            is_gateway = workload.view in snapshot.gateway_views
            where = (workload.view, workload.vantage)
            if where not in places:
                places[where] = _place(snapshot, *where)
            built = _build_proxy(places[where], workload.inbound, memo=memo, sds_folder=sds_folder)
            patched = patch_proxy(memo, built, workload.patches, is_gateway=is_gateway)
            alike[likeness] = _with_known_sets(patched, known)
        proxies[name] = _kept(alike[likeness], previous.proxies.get(name) if previous else None)
    identities = {name: workload.identity for name, workload in sorted(snapshot.workloads.items())}
    return XdsModel(number=snapshot.number, proxies=proxies, identities=identities)


def _build_proxy(
    place: _Place, inbound: InboundPart | None, *, memo: Memo, sds_folder: str
) -> ProxyResources:
    if isinstance(place.view, GatewayView):
        return _build_gateway(place.view, place, memo=memo, sds_folder=sds_folder)
    return _build_sidecar(place.view, inbound, place, memo=memo, sds_folder=sds_folder)


def _build_sidecar(
    view: SidecarView, inbound: InboundPart | None, place: _Place, *, memo: Memo, sds_folder: str
) -> ProxyResources:
    return ProxyResources(
        clusters=memo.compose(
            sets.compose_sidecar_clusters,
            view.upstreams,
            inbound,
            sds_folder,
            vantage=place.of_clusters,
            resolves_any=view.resolves_any,
        ),
        endpoints=memo.compose(sets.compose_endpoints, place.assignments, vantage=place.of_endpoints),
        listeners=memo.compose(
            sets.compose_sidecar_listeners,
            (*plan_listeners(view), *plan_bound_listeners(view)),
            view.allows_any,
            view.egress_proxy,
            inbound=inbound,
            sds_folder=sds_folder,
        ),
        routes=memo.compose(sets.compose_routes, (*plan_routes(view), *plan_bound_routes(view))),
        secrets=memo.compose(sets.compose_secrets, _credentials(view, inbound)),
    )


def _credentials(view: SidecarView, inbound: InboundPart | None) -> tuple[Credential, ...]:
    own = inbound.credentials if inbound else ()
    return tuple(dict.fromkeys((*view.credentials, *own))) if own else view.credentials


def _build_gateway(view: GatewayView, place: _Place, *, memo: Memo, sds_folder: str) -> ProxyResources:
    return ProxyResources(
        clusters=memo.compose(
            sets.compose_gateway_clusters, view.upstreams, sds_folder, vantage=place.of_clusters
        ),
        endpoints=memo.compose(sets.compose_endpoints, place.assignments, vantage=place.of_endpoints),
        listeners=memo.compose(sets.compose_gateway_listeners, plan_gateway_listeners(view), sds_folder),
        routes=memo.compose(sets.compose_routes, plan_gateway_routes(view)),
        secrets=memo.compose(sets.compose_secrets, view.credentials),
    )


def _place(snapshot: MeshSnapshot, key: ViewKey, vantage: Vantage) -> _Place:
    """Where nothing depends on the place, everybody is at the same."""
    view = snapshot.gateway_views.get(key) or snapshot.sidecar_views[key]
    assignments = _assignments(view, snapshot)
    return _Place(
        view,
        assignments,
        of_endpoints=vantage if any(one.locality for one in assignments) else NOWHERE,
        of_clusters=vantage if any(one.locality for one in view.upstreams) else NOWHERE,
    )


def _assignments(view: SidecarView | GatewayView, snapshot: MeshSnapshot) -> tuple[Assignment, ...]:
    """One for each cluster that will ask, if need be without endpoints: Envoy waits for an answer."""
    keys = [upstream.key for upstream in view.upstreams if upstream.resolution is Resolution.ENDPOINTS]
    return tuple(snapshot.assignment(view.key, key) or Assignment(key, ()) for key in keys)


def _sets_by_version(previous: XdsModel | None) -> Mapping[tuple[int, str], ResourceSet]:
    """By place among a proxy's sets and version: two sets without anything in them are alike in all types."""
    distinct = {id(proxy): proxy for proxy in previous.proxies.values()} if previous else {}
    return {
        (place, resources.version): resources
        for proxy in distinct.values()
        for place, resources in enumerate(_sets(proxy))
    }


def _with_known_sets(proxy: ProxyResources, known: Mapping[tuple[int, str], ResourceSet]) -> ProxyResources:
    return ProxyResources(*(known.get((place, one.version), one) for place, one in enumerate(_sets(proxy))))


def _kept(proxy: ProxyResources, old: ProxyResources | None) -> ProxyResources:
    """The old object where nothing changed."""
    if old is None:
        return proxy
    pairs = zip(_sets(proxy), _sets(old), strict=True)
    return old if all(new is before for new, before in pairs) else proxy


def _sets(proxy: ProxyResources) -> tuple[ResourceSet, ...]:
    return (
        proxy.clusters,
        proxy.endpoints,
        proxy.listeners,
        proxy.routes,
        proxy.secrets,
        proxy.extensions,
    )
