"""From a mesh snapshot to what each proxy is served.

Work is done per view and per (view, inbound part), never per proxy: proxies that are alike get the very
same sets. A set that did not change is the object of the previous model again, so `is` tells the server
what to push.
"""

from collections.abc import Mapping
from typing import NamedTuple

from convoy.mesh.memory import Inputs
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
    Upstream,
    Vantage,
    ViewKey,
)
from convoy.xds.build.bound_plan import plan_bound_listeners, plan_bound_routes
from convoy.xds.build.gateway_plan import plan_gateway_listeners, plan_gateway_routes
from convoy.xds.build.outbound_plan import OutboundListener, plan_listeners, plan_routes
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
    members = memo.share(("members", snapshot.workloads), lambda: _members(snapshot))
    alike = [
        _with_known_sets(_serve(snapshot, likeness, memo, sds_folder=sds_folder), known)
        for likeness in members.likenesses
    ]
    before = previous.proxies if previous else {}
    kept: dict[tuple[int, int], ProxyResources] = {}
    proxies: dict[str, ProxyResources] = {}
    for name, number in members.numbers.items():
        proxy, old = alike[number], before.get(name)
        pair = (number, id(old))
        if pair not in kept:
            kept[pair] = _kept(proxy, old)
        proxies[name] = kept[pair]
    return XdsModel(number=snapshot.number, proxies=proxies, identities=members.identities)


class _Members(NamedTuple):
    """Who is alike, and by which number in `likenesses`; workloads are in the order of their names."""

    likenesses: tuple[_Likeness, ...]
    numbers: Mapping[str, int]
    identities: Mapping[str, str]


def _members(snapshot: MeshSnapshot) -> _Members:
    likenesses: dict[_Likeness, int] = {}
    numbers: dict[str, int] = {}
    for name, workload in sorted(snapshot.workloads.items()):
        likeness = (workload.view, workload.inbound, workload.vantage, workload.patches)
        numbers[name] = likenesses.setdefault(likeness, len(likenesses))
    identities = {name: snapshot.workloads[name].identity for name in numbers}
    return _Members(tuple(likenesses), numbers, identities)


def _serve(snapshot: MeshSnapshot, likeness: _Likeness, memo: Memo, *, sds_folder: str) -> ProxyResources:
    """What proxies that are alike are served; not looked at again while their parts are the same objects."""
    key, inbound, vantage, patches = likeness
    is_gateway = key in snapshot.gateway_views
    view = snapshot.gateway_views[key] if is_gateway else snapshot.sidecar_views[key]
    own = snapshot.view_assignments.get(key)
    assignments = memo.share(
        ("assignments", key, view.upstreams, snapshot.assignments, own),
        lambda: _assignments(view, snapshot),
    )

    def build() -> ProxyResources:
        place = _place(view, assignments, vantage, memo)
        built = _build_proxy(place, inbound, memo=memo, sds_folder=sds_folder)
        return patch_proxy(memo, built, patches, is_gateway=is_gateway)

    return memo.share(("proxy", view, assignments, inbound, vantage, patches, sds_folder), build)


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
            memo.share(_read_by_listeners(view), lambda: _plan_listeners(view)),
            view.allows_any,
            view.egress_proxy,
            inbound=inbound,
            sds_folder=sds_folder,
        ),
        routes=memo.compose(sets.compose_routes, (*plan_routes(view), *plan_bound_routes(view))),
        secrets=memo.compose(sets.compose_secrets, _credentials(view, inbound)),
    )


def _plan_listeners(view: SidecarView) -> tuple[OutboundListener, ...]:
    return (*plan_listeners(view), *plan_bound_listeners(view))


def _read_by_listeners(view: SidecarView) -> Inputs:
    """All of a view but its rules for requests, of which listeners only know the ports."""
    others = (getattr(view, field) for field in SidecarView.__struct_fields__ if field != "http")
    return ("listeners", *others, *(routes.port for routes in view.http))


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


def _place(
    view: SidecarView | GatewayView, assignments: tuple[Assignment, ...], vantage: Vantage, memo: Memo
) -> _Place:
    """Where nothing depends on the place, everybody is at the same."""
    return _Place(
        view,
        assignments,
        of_endpoints=vantage if _minds_places(assignments, memo) else NOWHERE,
        of_clusters=vantage if _minds_places(view.upstreams, memo) else NOWHERE,
    )


def _minds_places(ways: tuple[Assignment, ...] | tuple[Upstream, ...], memo: Memo) -> bool:
    return memo.share(("places", ways), lambda: any(one.locality for one in ways))


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
