"""From a mesh snapshot to what each proxy is served.

What is outbound is made once for each view, and what is a sidecar's own is put over it: proxies that are
alike get the very same sets. A set that did not change is the object of the previous model again, so `is`
tells the server what to push.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from convoy.mesh.model import (
    NOWHERE,
    Credential,
    GatewayView,
    InboundPart,
    MeshSnapshot,
    SidecarView,
    Upstream,
    Vantage,
    ViewKey,
)
from convoy.xds.build.bound_plan import plan_bound_listeners, plan_bound_routes
from convoy.xds.build.gateway_plan import plan_gateway_listeners, plan_gateway_routes
from convoy.xds.build.outbound_plan import OutboundListener, concerns_listeners, plan_listeners, plan_routes
from convoy.xds.build.sources import SDS_FOLDER
from convoy.xds.cache import sets
from convoy.xds.cache.endpoint_sets import EndpointSets
from convoy.xds.cache.members import Likeness, Members, Proxies, build_members
from convoy.xds.cache.memo import Memo
from convoy.xds.cache.patched import patch_proxy
from convoy.xds.cache.resources import ProxyResources, ResourceSet, XdsModel

_NOBODY = ProxyResources()


class _Outbound(msgspec.Struct, frozen=True, eq=False):
    """What all proxies of a view at one place have."""

    resources: ProxyResources
    credentials: tuple[Credential, ...]
    is_gateway: bool


class _Served(msgspec.Struct, frozen=True, eq=False):
    """What proxies that are alike are served, and before their EnvoyFilters."""

    outbound: _Outbound
    unpatched: ProxyResources
    resources: ProxyResources


class _State(msgspec.Struct, frozen=True, eq=False):
    """What a model was made of: `served` is in the order of the members' numbers, None for nobody."""

    members: Members
    outbound: Mapping[tuple[ViewKey, Vantage], _Outbound]
    served: tuple[_Served | None, ...]

    def served_to(self, number: int, likeness: Likeness) -> _Served | None:
        """What proxies like this, which now have a number, were served."""
        likenesses = self.members.likenesses
        if number >= len(likenesses) or likenesses[number] is not likeness:
            number = self.members.known.get(likeness, -1)
        return self.served[number] if number >= 0 else None


_Known = dict[tuple[int, str], ResourceSet]
"""Sets by their place among a proxy's and by version: two empty sets are alike in all types."""


def build_model(
    snapshot: MeshSnapshot, previous: XdsModel | None, memo: Memo, *, sds_folder: str = SDS_FOLDER
) -> XdsModel:
    """What the control plane serves for a snapshot.

    `memo` is the one that made `previous`; both only save work and keep identities. `sds_folder` is where the
    proxies find their certificates.
    """
    memo.start_generation()
    has_memory = False

    def members_of(before: Members | None) -> Members:
        return build_members(snapshot.workloads, before)

    def state_after(before: _State | None) -> _State:
        nonlocal has_memory
        has_memory = before is not None
        return _build_state(snapshot, members, before, memo, sds_folder=sds_folder)

    members = memo.revise(("members",), members_of)
    state = memo.revise(("state", sds_folder), state_after)
    alike = [one.resources if one else _NOBODY for one in state.served]
    if previous and not has_memory:
        alike = _as_before(alike, members, previous)
    return XdsModel(snapshot.number, Proxies(members.numbers, alike), members.identities)


def _build_state(
    snapshot: MeshSnapshot, members: Members, before: _State | None, memo: Memo, *, sds_folder: str
) -> _State:
    known = _known_sets(one.resources for one in before.outbound.values()) if before else {}
    endpoints = EndpointSets(snapshot, memo)
    outbound: dict[tuple[ViewKey, Vantage], _Outbound] = {}
    served: list[_Served | None] = []
    for number, likeness in enumerate(members.likenesses):
        if not members.counts[number]:
            served.append(None)
            continue
        place = (likeness.view, likeness.vantage)
        if place not in outbound:
            made = _outbound(snapshot, place, endpoints, memo, sds_folder=sds_folder)
            outbound[place] = _kept(made, known, before.outbound.get(place) if before else None)
        last = before.served_to(number, likeness) if before else None
        served.append(_serve(outbound[place], likeness, last, memo, sds_folder=sds_folder))
    return _State(members, outbound, tuple(served))


def _outbound(
    snapshot: MeshSnapshot,
    place: tuple[ViewKey, Vantage],
    endpoints: EndpointSets,
    memo: Memo,
    *,
    sds_folder: str,
) -> _Outbound:
    """Not looked at again while its parts are the same objects."""
    key, vantage = place
    gateway = snapshot.gateway_views.get(key)
    view = gateway or snapshot.sidecar_views[key]
    assigned = endpoints.of(key, view.upstreams, vantage)
    seen = vantage if _minds_places(view.upstreams, memo) else NOWHERE

    def build() -> _Outbound:
        if isinstance(view, GatewayView):
            resources = _build_gateway(view, assigned, seen, memo, sds_folder=sds_folder)
        else:
            resources = _build_sidecars(view, assigned, seen, memo, sds_folder=sds_folder)
        return _Outbound(resources, view.credentials, is_gateway=gateway is not None)

    return memo.share(("outbound", view, assigned, seen, sds_folder), build)


def _build_sidecars(
    view: SidecarView, endpoints: ResourceSet, vantage: Vantage, memo: Memo, *, sds_folder: str
) -> ProxyResources:
    plans = _plan_listeners(view, memo)
    return ProxyResources(
        clusters=memo.share(
            ("clusters", view.upstreams, sds_folder, vantage, view.resolves_any),
            lambda: _revise_clusters(view, vantage, memo, sds_folder=sds_folder),
        ),
        endpoints=endpoints,
        listeners=memo.share(
            ("listeners", plans, view.allows_any, view.egress_proxy),
            lambda: sets.compose_sidecar_listeners(memo, plans, view.allows_any, view.egress_proxy),
        ),
        routes=memo.compose(sets.compose_routes, (*plan_routes(view), *plan_bound_routes(view))),
        secrets=memo.compose(sets.compose_secrets, view.credentials),
    )


class _Clusters(NamedTuple):
    upstreams: tuple[Upstream, ...]
    whole: ResourceSet


def _revise_clusters(view: SidecarView, vantage: Vantage, memo: Memo, *, sds_folder: str) -> ResourceSet:
    """Its clusters, from those that it had: most changes concern a few of them."""
    upstreams = view.upstreams

    def revised(before: _Clusters | None) -> _Clusters:
        pairs = zip(upstreams, before.upstreams, strict=False) if before else ()
        changed = [(one, old) for one, old in pairs if one is not old]
        is_other = before is None or len(before.upstreams) != len(upstreams)
        if before is None or is_other or any(one.key != old.key for one, old in changed):
            whole = sets.compose_sidecar_clusters(
                memo, upstreams, sds_folder, vantage=vantage, resolves_any=view.resolves_any
            )
        else:
            news = (one for one, _ in changed)
            whole = before.whole.revised([*sets.upstream_clusters(memo, news, sds_folder, vantage)])
        return _Clusters(upstreams, whole)

    return memo.revise(("clusters of", view.key, sds_folder, vantage, str(view.resolves_any)), revised).whole


def _plan_listeners(view: SidecarView, memo: Memo) -> tuple[OutboundListener, ...]:
    """Listeners know the ports of a view, but not its rules for requests; and of its upstreams only those
    that are not called as HTTP, or otherwise than it.
    """
    upstreams = memo.share(
        ("listened", view.upstreams), lambda: tuple(filter(concerns_listeners, view.upstreams))
    )
    seen = msgspec.structs.replace(view, upstreams=upstreams)
    others = (getattr(seen, field) for field in SidecarView.__struct_fields__ if field != "http")
    ports = (routes.port for routes in view.http)
    return memo.share(
        ("plans", *others, *ports), lambda: (*plan_listeners(seen), *plan_bound_listeners(seen))
    )


def _build_gateway(
    view: GatewayView, endpoints: ResourceSet, vantage: Vantage, memo: Memo, *, sds_folder: str
) -> ProxyResources:
    return ProxyResources(
        clusters=memo.compose(sets.compose_gateway_clusters, view.upstreams, sds_folder, vantage=vantage),
        endpoints=endpoints,
        listeners=memo.compose(sets.compose_gateway_listeners, plan_gateway_listeners(view), sds_folder),
        routes=memo.compose(sets.compose_routes, plan_gateway_routes(view)),
        secrets=memo.compose(sets.compose_secrets, view.credentials),
    )


def _minds_places(upstreams: tuple[Upstream, ...], memo: Memo) -> bool:
    return memo.share(("places", upstreams), lambda: any(one.locality for one in upstreams))


def _serve(
    outbound: _Outbound, likeness: Likeness, last: _Served | None, memo: Memo, *, sds_folder: str
) -> _Served:
    if last and last.outbound is outbound:
        return last
    resources = outbound.resources
    if likeness.inbound:
        resources = _with_inbound(outbound, likeness.inbound, last, memo, sds_folder=sds_folder)
    patched = patch_proxy(memo, resources, likeness.patches, is_gateway=outbound.is_gateway)
    return _Served(outbound, resources, patched)


def _with_inbound(
    outbound: _Outbound, inbound: InboundPart, last: _Served | None, memo: Memo, *, sds_folder: str
) -> ProxyResources:
    """What a sidecar has besides is put over its view's; it stays where the view's is the same."""
    shared = outbound.resources
    old, then = (last.unpatched, last.outbound.resources) if last else (None, None)
    secrets = shared.secrets
    if inbound.credentials:
        credentials = tuple(dict.fromkeys((*outbound.credentials, *inbound.credentials)))
        secrets = memo.compose(sets.compose_secrets, credentials)
    return ProxyResources(
        clusters=old.clusters
        if old and then and then.clusters is shared.clusters
        else sets.add_inbound_clusters(shared.clusters, memo, inbound),
        endpoints=shared.endpoints,
        listeners=old.listeners
        if old and then and then.listeners is shared.listeners
        else sets.add_inbound_listeners(shared.listeners, memo, inbound, sds_folder),
        routes=shared.routes,
        secrets=secrets,
    )


def _kept(made: _Outbound, known: _Known, last: _Outbound | None) -> _Outbound:
    """The same with sets that are there already, of this view or of others."""
    found = tuple(
        known.setdefault((place, one.version), one) for place, one in enumerate(_sets(made.resources))
    )
    for candidate in (last, made):
        if candidate and candidate.credentials == made.credentials and _are(candidate.resources, found):
            return candidate
    return msgspec.structs.replace(made, resources=ProxyResources(*found))


def _as_before(alike: list[ProxyResources], members: Members, previous: XdsModel) -> list[ProxyResources]:
    """The same with objects of a model that another memo made."""
    known = _known_sets(previous.proxies.values())
    made = list(alike)
    for name, number in members.numbers.items():
        found = tuple(known.get((place, one.version), one) for place, one in enumerate(_sets(alike[number])))
        old = previous.proxies.get(name)
        made[number] = old if old and _are(old, found) else ProxyResources(*found)
    return made


def _known_sets(proxies: Iterable[ProxyResources]) -> _Known:
    return {(place, one.version): one for proxy in proxies for place, one in enumerate(_sets(proxy))}


def _are(proxy: ProxyResources, found: Iterable[ResourceSet]) -> bool:
    return all(one is other for one, other in zip(_sets(proxy), found, strict=True))


def _sets(proxy: ProxyResources) -> Iterator[ResourceSet]:
    return (getattr(proxy, field) for field in ProxyResources.__struct_fields__)
