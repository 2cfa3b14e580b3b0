"""Patches of what stands in a filter chain: network filters, and the HTTP filters and routes within them."""

from collections.abc import Sequence
from typing import cast

from envoy.config.listener.v3 import listener_components_pb2 as listener_parts_v3
from envoy.extensions.filters.network.http_connection_manager.v3 import (
    http_connection_manager_pb2 as hcm_v3,
)

from convoy.api.istio.envoy_filter import ApplyTo, FilterClass, FilterMatch, ListenerMatch
from convoy.xds.build.envoy_filters.changes import Change, Items, of_kind
from convoy.xds.build.envoy_filters.routes import patch_routes
from convoy.xds.build.packing import packed

Chain = listener_parts_v3.FilterChain
Filter = listener_parts_v3.Filter
Manager = hcm_v3.HttpConnectionManager

HTTP_CONNECTION_MANAGER = "envoy.filters.network.http_connection_manager"
# Names that were used before Envoy had reverse-domain ones, and still stand in many files.
_OLD_NAMES = {
    "envoy.http_connection_manager": HTTP_CONNECTION_MANAGER,
    "envoy.tcp_proxy": "envoy.filters.network.tcp_proxy",
    "envoy.router": "envoy.filters.http.router",
    "envoy.cors": "envoy.filters.http.cors",
    "envoy.fault": "envoy.filters.http.fault",
    "envoy.lua": "envoy.filters.http.lua",
    "envoy.listener.tls_inspector": "envoy.filters.listener.tls_inspector",
    "envoy.listener.http_inspector": "envoy.filters.listener.http_inspector",
    "envoy.listener.original_dst": "envoy.filters.listener.original_dst",
}
_FIRST = (FilterClass.AUTHN, FilterClass.AUTHZ)


def patch_filters(chain: Chain, changes: Sequence[Change]) -> None:
    """Make the changes that fit a chain to its filters, and to what the connection manager has."""
    of_network, of_http = of_kind(changes, ApplyTo.NETWORK_FILTER), of_kind(changes, ApplyTo.HTTP_FILTER)
    filters = Items(chain.filters, Filter, matches=_fits_filter, names_one=_names_filter)
    for change in of_network:
        filters.make(change)
    patched = list(filters)
    of_routes = of_kind(changes, ApplyTo.ROUTE_CONFIGURATION, ApplyTo.VIRTUAL_HOST, ApplyTo.HTTP_ROUTE)
    if of_http or of_routes:
        patched = [_patch_manager(one, of_http, of_routes) for one in patched]
    del chain.filters[:]
    chain.filters.extend(patched)


def current_name(name: str) -> str:
    """Today's name of a filter."""
    return _OLD_NAMES.get(name, name)


def wanted_filter(match: ListenerMatch | None) -> FilterMatch | None:
    """The filter that a match names."""
    chain = match.filter_chain if match else None
    return chain.filter if chain else None


def _names_filter(change: Change) -> bool:
    wanted = wanted_filter(change.match.listener)
    return wanted is not None and bool(wanted.name)


def _fits_filter(change: Change, filter_: Filter) -> bool:
    wanted = wanted_filter(change.match.listener)
    return wanted is None or not wanted.name or current_name(wanted.name) == filter_.name


def _patch_manager(filter_: Filter, changes: Sequence[Change], of_routes: Sequence[Change]) -> Filter:
    if filter_.name != HTTP_CONNECTION_MANAGER:
        return filter_
    manager = Manager()
    if not filter_.typed_config.Unpack(manager):
        return filter_
    filters = Items(
        manager.http_filters, hcm_v3.HttpFilter, matches=_fits_http, names_one=_names_http, place_for=_place
    )
    for change in changes:
        if _fits_filter(change, filter_):
            filters.make(change)
    kept = list(filters)
    del manager.http_filters[:]
    manager.http_filters.extend(kept)
    if manager.WhichOneof("route_specifier") == "route_config":
        manager.route_config.CopyFrom(patch_routes(manager.route_config, of_routes))
    return Filter(name=filter_.name, typed_config=packed(manager))


def _names_http(change: Change) -> bool:
    wanted = wanted_filter(change.match.listener)
    return wanted is not None and wanted.sub_filter is not None and bool(wanted.sub_filter.name)


def _fits_http(change: Change, filter_: hcm_v3.HttpFilter) -> bool:
    if not _names_http(change):
        return True
    wanted = cast(FilterMatch, wanted_filter(change.match.listener)).sub_filter
    return wanted is not None and current_name(wanted.name) == filter_.name


def _place(change: Change, filters: Sequence[hcm_v3.HttpFilter]) -> int:
    """The router ends a chain, so nothing is of use behind it; what lets in or keeps out comes first."""
    if change.patch.filter_class in _FIRST:
        return 0
    return max(len(filters) - 1, 0)
