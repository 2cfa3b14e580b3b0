"""`virtualInbound`: everything that comes to a workload from outside its pod.

Each port has chains of its own; ports nobody declared share chains that find out what is spoken. There is no
default chain on purpose: Envoy takes it, too, for a connection that the chains of its port refused, so plain
text to a STRICT port would come in through it.
"""

from collections.abc import Iterator

from envoy.config.core.v3 import base_pb2 as core_v3
from envoy.config.listener.v3 import listener_components_pb2 as listener_parts_v3
from envoy.config.listener.v3 import listener_pb2 as listener_v3

from convoy.mesh.model import PLAIN_CONNECTIONS, ConnectionPolicy, InboundPart, InboundPort, Protocol
from convoy.xds.build import listener_filters, names
from convoy.xds.build.addresses import listen_address, single_address
from convoy.xds.build.downstream_tls import build_downstream_tls, build_server_tls
from convoy.xds.build.http_connection_manager import HttpRole, build_http_filter
from convoy.xds.build.inbound_chains import TLS, ChainRule, chain_rules, looks_for_http, looks_for_tls
from convoy.xds.build.packing import milliseconds, seconds, uint32
from convoy.xds.build.routes import build_inbound_routes
from convoy.xds.build.tcp_proxy import build_tcp_proxy, build_tcp_proxy_of_proven


def build_virtual_inbound(inbound: InboundPart, sds_folder: str) -> listener_v3.Listener:
    """The listener to which capture redirects what enters the pod."""
    declared = [port for port, _ in _declared_ports(inbound)]
    return listener_v3.Listener(
        name=names.VIRTUAL_INBOUND,
        address=listen_address(names.WILDCARD, names.VIRTUAL_INBOUND_PORT),
        traffic_direction=core_v3.INBOUND,
        listener_filters=[
            listener_filters.original_dst(),
            listener_filters.tls_inspector(port.port for port in declared if not _tells_tls(port)),
            listener_filters.http_inspector(port.port for port in declared if not _tells_http(port)),
        ],
        listener_filters_timeout=milliseconds(inbound.detection_ms),
        continue_on_listener_filters_timeout=True,
        filter_chains=list(_filter_chains(inbound, sds_folder)),
    )


def build_ingress_listener(port: InboundPort, inbound: InboundPart, sds_folder: str) -> listener_v3.Listener:
    """The listener of a port that is not captured: what `virtualInbound` gets for it, it passes on unseen."""
    name = names.listener(port.address, port.port)
    filters = []
    if port.tls or looks_for_tls(port.protocol, port.mode):
        filters.append(listener_filters.tls_inspector())
    if not port.tls and looks_for_http(port.protocol, port.mode):
        filters.append(listener_filters.http_inspector())
    return listener_v3.Listener(
        name=names.bound_listener(port.address, port.port),
        address=listen_address(port.address, port.port),
        traffic_direction=core_v3.INBOUND,
        listener_filters=filters,
        listener_filters_timeout=milliseconds(inbound.detection_ms),
        continue_on_listener_filters_timeout=True,
        filter_chains=list(_port_chains(port, inbound, name=name, sds_folder=sds_folder)),
    )


def _tells_tls(port: InboundPort) -> bool:
    return not port.is_bound and (port.tls is not None or looks_for_tls(port.protocol, port.mode))


def _tells_http(port: InboundPort) -> bool:
    return not (port.is_bound or port.tls) and looks_for_http(port.protocol, port.mode)


def _filter_chains(inbound: InboundPart, sds_folder: str) -> Iterator[listener_parts_v3.FilterChain]:
    yield _blackhole_chain()
    for port, cluster in _declared_ports(inbound):
        name = names.listener(port.address or names.WILDCARD, port.port)
        if port.is_bound:
            yield _unseen_chain(port, name)
            continue
        for chain in _port_chains(port, inbound, name=name, sds_folder=sds_folder, cluster=cluster):
            chain.filter_chain_match.destination_port.value = port.port
            if port.address:
                chain.filter_chain_match.prefix_ranges.append(single_address(port.address))
            yield chain
    for rule in chain_rules(Protocol.AUTO, inbound.default_mode):
        name = names.INBOUND_CATCHALL_HTTP if rule.is_http else names.VIRTUAL_INBOUND
        chain = _chain(
            rule,
            inbound,
            name=name,
            cluster=names.INBOUND_PASSTHROUGH_CLUSTER,
            virtual_host=names.inbound_virtual_host(0),
        )
        yield _secured(chain, rule, inbound, sds_folder=sds_folder)


def _port_chains(
    port: InboundPort, inbound: InboundPart, *, name: str, sds_folder: str, cluster: str = ""
) -> Iterator[listener_parts_v3.FilterChain]:
    """The chains of one port, whichever listener they are in."""
    rules = chain_rules(port.protocol, port.mode)
    if port.tls:
        rules = (ChainRule(TLS, port.protocol.is_http),)
    for rule in rules:
        chain = _chain(
            rule,
            inbound,
            name=name,
            cluster=cluster or names.inbound(port.port),
            virtual_host=names.inbound_virtual_host(port.port),
            grpc_web=port.protocol is Protocol.GRPC_WEB,
            policy=ConnectionPolicy(port.pool.tcp_idle_ms, port.pool.max_connection_duration_ms),
        )
        if port.tls:
            socket = build_server_tls(port.tls, is_http=rule.is_http, sds_folder=sds_folder)
            chain.transport_socket.CopyFrom(socket)
            chain.transport_socket_connect_timeout.CopyFrom(seconds(15))
        yield _secured(chain, rule, inbound, sds_folder=sds_folder)


def _unseen_chain(port: InboundPort, name: str) -> listener_parts_v3.FilterChain:
    return listener_parts_v3.FilterChain(
        name=name,
        filter_chain_match=listener_parts_v3.FilterChainMatch(destination_port=uint32(port.port)),
        filters=[build_tcp_proxy(names.INBOUND_PASSTHROUGH_CLUSTER)],
    )


def _declared_ports(inbound: InboundPart) -> list[tuple[InboundPort, str]]:
    """Ports of Services and of policies with their clusters, by number; never the listener's own port."""
    named = [(port, names.inbound(port.port)) for port in inbound.ports]
    unnamed = [
        (InboundPort(port=number, protocol=Protocol.AUTO, mode=mode), names.INBOUND_PASSTHROUGH_CLUSTER)
        for number, mode in inbound.port_modes
    ]
    every = sorted((*named, *unnamed), key=lambda pair: pair[0].port)
    return [pair for pair in every if pair[0].port != names.VIRTUAL_INBOUND_PORT]


def _blackhole_chain() -> listener_parts_v3.FilterChain:
    """Dialled directly, passing a connection on would be a loop."""
    return listener_parts_v3.FilterChain(
        name=names.INBOUND_BLACKHOLE,
        filter_chain_match=listener_parts_v3.FilterChainMatch(
            destination_port=uint32(names.VIRTUAL_INBOUND_PORT)
        ),
        filters=[build_tcp_proxy(names.BLACKHOLE_CLUSTER)],
    )


def _chain(
    rule: ChainRule,
    inbound: InboundPart,
    *,
    name: str,
    cluster: str,
    virtual_host: str,
    grpc_web: bool = False,
    policy: ConnectionPolicy = PLAIN_CONNECTIONS,
) -> listener_parts_v3.FilterChain:
    if rule.is_http:
        routes = build_inbound_routes(cluster, virtual_host, inbound.retries)
        last = build_http_filter(
            HttpRole.INBOUND, name, routes=routes, grpc_web=grpc_web, paths=inbound.paths
        )
    elif rule.is_mutual:
        last = build_tcp_proxy_of_proven(cluster, policy)
    else:
        last = build_tcp_proxy(cluster, policy)
    match = listener_parts_v3.FilterChainMatch(
        transport_protocol=rule.transport, application_protocols=rule.alpn
    )
    return listener_parts_v3.FilterChain(name=name, filter_chain_match=match, filters=[last])


def _secured(
    chain: listener_parts_v3.FilterChain, rule: ChainRule, inbound: InboundPart, *, sds_folder: str
) -> listener_parts_v3.FilterChain:
    if rule.is_mutual:
        socket = build_downstream_tls(
            trust_domains=inbound.trust_domains,
            is_http=rule.is_http,
            sds_folder=sds_folder,
            oldest=inbound.min_tls_version,
        )
        chain.transport_socket.CopyFrom(socket)
        chain.transport_socket_connect_timeout.CopyFrom(seconds(15))
    return chain
