"""Patches of listeners, their listener filters and filter chains."""

from collections.abc import Iterable, Iterator, Sequence

from envoy.config.core.v3 import base_pb2 as core_v3
from envoy.config.listener.v3 import listener_components_pb2 as listener_parts_v3
from envoy.config.listener.v3 import listener_pb2 as listener_v3

from convoy.api.istio.envoy_filter import (
    ApplyTo,
    FilterChainMatch,
    ListenerMatch,
    Operation,
    PatchContext,
)
from convoy.mesh.model import EnvoyPatch
from convoy.xds.build import names
from convoy.xds.build.envoy_filters.changes import Change, Items, changes_in, contexts_of, of_kind
from convoy.xds.build.envoy_filters.filters import current_name, patch_filters

Listener = listener_v3.Listener
Chain = listener_parts_v3.FilterChain
ListenerFilter = listener_parts_v3.ListenerFilter

_WITHIN_CHAINS = (
    ApplyTo.NETWORK_FILTER,
    ApplyTo.HTTP_FILTER,
    ApplyTo.ROUTE_CONFIGURATION,
    ApplyTo.VIRTUAL_HOST,
    ApplyTo.HTTP_ROUTE,
)


def patch_listeners(
    listeners: Iterable[Listener], patches: Sequence[EnvoyPatch], *, is_gateway: bool
) -> list[Listener]:
    """The listeners of a proxy once the patches were made; what is added comes last."""
    contexts = contexts_of(is_gateway=is_gateway)
    changes = {context: changes_in(patches, context) for context in contexts}
    kept = []
    for listener in listeners:
        context = PatchContext.GATEWAY if is_gateway else _context_of(listener)
        if (changed := _patched(listener, changes[context])) is not None:
            kept.append(changed)
    kept.extend(_added(changes, {listener.name for listener in kept}))
    return kept


def _added(changes: dict[PatchContext, tuple[Change, ...]], taken: set[str]) -> Iterator[Listener]:
    for change in dict.fromkeys(change for each in changes.values() for change in each):
        if change.apply_to is not ApplyTo.LISTENER or change.operation is not Operation.ADD:
            continue
        added = change.value(Listener)
        if added is not None and added.name not in taken:
            taken.add(added.name)
            yield added


def _context_of(listener: Listener) -> PatchContext:
    is_inbound = listener.traffic_direction == core_v3.INBOUND
    return PatchContext.SIDECAR_INBOUND if is_inbound else PatchContext.SIDECAR_OUTBOUND


def _patched(listener: Listener, changes: Sequence[Change]) -> Listener | None:
    fitting = [change for change in changes if _fits(change.match.listener, listener)]
    if not fitting:
        return listener
    of_listener = of_kind(fitting, ApplyTo.LISTENER)
    if any(change.operation is Operation.REMOVE for change in of_listener):
        return None
    result = Listener()
    result.CopyFrom(listener)
    for change in of_listener:
        if change.merges:
            change.merge_into(result)
    _patch_listener_filters(result, of_kind(fitting, ApplyTo.LISTENER_FILTER))
    _patch_chains(result, of_kind(fitting, ApplyTo.FILTER_CHAIN))
    within = of_kind(fitting, *_WITHIN_CHAINS)
    for chain in _chains(result):
        in_chain = [change for change in within if _fits_chain(change, chain, result)]
        if in_chain:
            patch_filters(chain, in_chain)
    return result


def _patch_listener_filters(listener: Listener, changes: Sequence[Change]) -> None:
    if not changes:
        return
    filters = Items(
        listener.listener_filters,
        ListenerFilter,
        matches=lambda change, one: not _wanted(change) or _wanted(change) == one.name,
        names_one=lambda change: bool(_wanted(change)),
    )
    for change in changes:
        filters.make(change)
    kept = list(filters)
    del listener.listener_filters[:]
    listener.listener_filters.extend(kept)


def _wanted(change: Change) -> str:
    match = change.match.listener
    return current_name(match.listener_filter) if match else ""


def _patch_chains(listener: Listener, changes: Sequence[Change]) -> None:
    if not changes:
        return
    for change in changes:
        default = listener.default_filter_chain
        if listener.HasField("default_filter_chain") and _fits_chain(change, default, listener):
            if change.operation is Operation.REMOVE:
                listener.ClearField("default_filter_chain")
            elif change.merges:
                change.merge_into(default)
        chains = Items(
            listener.filter_chains,
            Chain,
            matches=lambda change, chain: _fits_chain(change, chain, listener),
        )
        chains.make(change)
        kept = list(chains)
        del listener.filter_chains[:]
        listener.filter_chains.extend(kept)


def _chains(listener: Listener) -> Iterator[Chain]:
    yield from listener.filter_chains
    if listener.HasField("default_filter_chain"):
        yield listener.default_filter_chain


def _fits(match: ListenerMatch | None, listener: Listener) -> bool:
    if match is None:
        return True
    if match.name and match.name != names.written_listener(listener.name):
        return False
    # All inbound ports share one listener, so there a port is that of a chain.
    if not match.port_number or listener.name == names.VIRTUAL_INBOUND:
        return True
    return match.port_number == listener.address.socket_address.port_value


def _fits_chain(change: Change, chain: Chain, listener: Listener) -> bool:
    match = change.match.listener
    if match is None:
        return True
    port = chain.filter_chain_match.destination_port.value
    if match.port_number and listener.name == names.VIRTUAL_INBOUND and match.port_number != port:
        return False
    return match.filter_chain is None or _is_meant(match.filter_chain, chain)


def _is_meant(match: FilterChainMatch, chain: Chain) -> bool:
    own = chain.filter_chain_match
    protocols = [part.strip() for part in match.application_protocols.split(",") if part.strip()]
    return (
        match.name in ("", chain.name)
        and (not match.sni or match.sni in own.server_names)
        and match.transport_protocol in ("", own.transport_protocol)
        and all(protocol in own.application_protocols for protocol in protocols)
        and (not match.destination_port or match.destination_port == own.destination_port.value)
        and match.transport_socket in ("", chain.transport_socket.name)
    )
