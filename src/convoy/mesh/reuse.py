"""Keep the previous snapshot's objects wherever content did not change.

Whoever holds a part of the previous snapshot can then compare with `is`, and everything derived from it stays
valid.
"""

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import TypeVar

import msgspec

from convoy.mesh.model import (
    GatewayView,
    HostRoutes,
    MeshSnapshot,
    PortRoutes,
    SidecarView,
    TcpRoute,
    Upstream,
)
from convoy.mesh.revisions import Revision

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


def reuse_snapshot(new: MeshSnapshot, old: MeshSnapshot) -> MeshSnapshot:
    """The new snapshot made of the old one's objects where they are equal."""
    upstreams = _Upstreams()
    return MeshSnapshot(
        number=new.number,
        settings=_keep(new.settings, old.settings),
        services=reuse_mapping(new.services, old.services),
        endpoints=_reuse_revision(new.endpoints, old.endpoints),
        sidecar_views=reuse_mapping(
            new.sidecar_views, old.sidecar_views, partial(_reuse_sidecar_view, upstreams)
        ),
        gateway_views=reuse_mapping(new.gateway_views, old.gateway_views, _reuse_gateway_view),
        assignments=_reuse_revision(new.assignments, old.assignments),
        workloads=_reuse_revision(new.workloads, old.workloads),
        names=reuse_mapping(new.names, old.names),
        scoped_names=reuse_mapping(new.scoped_names, old.scoped_names),
        view_assignments=reuse_mapping(new.view_assignments, old.view_assignments, reuse_mapping),
        gateway_addresses=_keep(new.gateway_addresses, old.gateway_addresses),
        sources=reuse_mapping(new.sources, old.sources),
        probes=reuse_mapping(new.probes, old.probes),
        valid_until=new.valid_until,
    )


def _reuse_revision(new: Mapping[K, T], old: Mapping[K, T]) -> Mapping[K, T]:
    if isinstance(new, Revision) and isinstance(old, Revision):
        return new.keeping(old)
    return reuse_mapping(new, old)


def reuse_mapping(
    new: Mapping[K, T], old: Mapping[K, T], reuse: Callable[[T, T], T] | None = None
) -> Mapping[K, T]:
    """The old mapping if nothing changed, else a new one with the old values that are equal.

    `reuse` makes a changed value out of old pieces.
    """
    if new is old:
        return old
    kept: dict[K, T] = {}
    for key, value in new.items():
        if key not in old:
            kept[key] = value
        elif value is old[key] or value == old[key]:
            kept[key] = old[key]
        else:
            kept[key] = reuse(value, old[key]) if reuse else value
    is_same = list(kept) == list(old) and all(kept[key] is old[key] for key in kept)
    return old if is_same else kept


class _Upstreams:
    """The upstreams of several views: views that have one tuple still do."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, int], tuple[Upstream, ...]] = {}

    def kept(self, new: tuple[Upstream, ...], old: tuple[Upstream, ...]) -> tuple[Upstream, ...]:
        """The new ones, as the old objects where they are equal."""
        pair = (id(new), id(old))
        if pair not in self._kept:
            self._kept[pair] = _reuse_items(new, old, lambda upstream: upstream.key)
        return self._kept[pair]


def _reuse_sidecar_view(upstreams: _Upstreams, new: SidecarView, old: SidecarView) -> SidecarView:
    return msgspec.structs.replace(
        new,
        key=old.key,
        upstreams=upstreams.kept(new.upstreams, old.upstreams),
        http=_reuse_ports(new.http, old.http),
        tcp=_reuse_items(new.tcp, old.tcp, _tcp_key),
        sniffed=_reuse_items(new.sniffed, old.sniffed, lambda route: (route.vip, route.port, route.subnets)),
    )


def _tcp_key(route: TcpRoute) -> Hashable:
    return route.vip, route.port, route.server_names, route.subnets


def _reuse_gateway_view(new: GatewayView, old: GatewayView) -> GatewayView:
    return msgspec.structs.replace(
        new,
        key=old.key,
        upstreams=_reuse_items(new.upstreams, old.upstreams, lambda upstream: upstream.key),
        http=_reuse_items(new.http, old.http, lambda port: (port.bind, port.listen_port)),
        passthrough=_reuse_items(
            new.passthrough, old.passthrough, lambda port: (port.bind, port.listen_port)
        ),
        https=_reuse_items(new.https, old.https, lambda one: (one.bind, one.listen_port, one.server)),
        tcp=_reuse_items(new.tcp, old.tcp, lambda one: (one.bind, one.listen_port, one.route.server_names)),
        credentials=_keep(new.credentials, old.credentials),
    )


def _reuse_ports(new: tuple[PortRoutes, ...], old: tuple[PortRoutes, ...]) -> tuple[PortRoutes, ...]:
    def port_of(routes: PortRoutes) -> int:
        return routes.port

    return _reuse_items(new, old, port_of, _reuse_hosts)


def _reuse_hosts(new: PortRoutes, old: PortRoutes) -> PortRoutes:
    def host_of(routes: HostRoutes) -> str:
        return routes.host

    return msgspec.structs.replace(new, hosts=_reuse_items(new.hosts, old.hosts, host_of))


def _reuse_items(
    new: tuple[T, ...],
    old: tuple[T, ...],
    key: Callable[[T], Hashable],
    reuse: Callable[[T, T], T] | None = None,
) -> tuple[T, ...]:
    if new is old or new == old:
        return old
    if len(new) == len(old) and all(
        one is before or key(one) == key(before) for one, before in zip(new, old, strict=True)
    ):
        return tuple(_reuse_item(one, before, reuse) for one, before in zip(new, old, strict=True))
    kept = reuse_mapping({key(item): item for item in new}, {key(item): item for item in old}, reuse)
    return tuple(kept.values())


def _reuse_item(new: T, old: T, reuse: Callable[[T, T], T] | None) -> T:
    if new is old or new == old:
        return old
    return reuse(new, old) if reuse else new


def _keep(new: T, old: T) -> T:
    return old if new == old else new
