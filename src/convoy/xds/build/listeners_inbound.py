"""`virtualInbound`: everything that comes to a workload from outside its pod.

Each port has chains of its own; ports nobody declared share chains that find out what is spoken. There is no
default chain on purpose: Envoy takes it, too, for a connection that the chains of its port refused, so plain
text to a STRICT port would come in through it.
"""

from collections.abc import Iterator

from envoy.config.core.v3 import base_pb2 as core_v3
from envoy.config.listener.v3 import listener_components_pb2 as listener_parts_v3
from envoy.config.listener.v3 import listener_pb2 as listener_v3

from convoy.mesh.model import InboundPart, InboundPort, Protocol
from convoy.xds.build import listener_filters, names
from convoy.xds.build.addresses import listen_address
from convoy.xds.build.downstream_tls import build_downstream_tls
from convoy.xds.build.http_connection_manager import HttpRole, build_http_filter
from convoy.xds.build.inbound_chains import ChainRule, chain_rules, looks_for_http, looks_for_tls
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
            listener_filters.tls_inspector(
                port.port for port in declared if not looks_for_tls(port.protocol, port.mode)
            ),
            listener_filters.http_inspector(
                port.port for port in declared if not looks_for_http(port.protocol, port.mode)
            ),
        ],
        listener_filters_timeout=milliseconds(inbound.detection_ms),
        continue_on_listener_filters_timeout=True,
        filter_chains=list(_filter_chains(inbound, sds_folder)),
    )


def _filter_chains(inbound: InboundPart, sds_folder: str) -> Iterator[listener_parts_v3.FilterChain]:
    yield _blackhole_chain()
    for port, cluster in _declared_ports(inbound):
        for rule in chain_rules(port.protocol, port.mode):
            name = names.listener(names.WILDCARD, port.port)
            chain = _chain(
                rule,
                name=name,
                cluster=cluster,
                virtual_host=names.inbound_virtual_host(port.port),
                grpc_web=port.protocol is Protocol.GRPC_WEB,
            )
            chain.filter_chain_match.destination_port.value = port.port
            yield _secured(chain, rule, inbound, sds_folder=sds_folder)
    for rule in chain_rules(Protocol.AUTO, inbound.default_mode):
        name = names.INBOUND_CATCHALL_HTTP if rule.is_http else names.VIRTUAL_INBOUND
        chain = _chain(
            rule,
            name=name,
            cluster=names.INBOUND_PASSTHROUGH_CLUSTER,
            virtual_host=names.inbound_virtual_host(0),
        )
        yield _secured(chain, rule, inbound, sds_folder=sds_folder)


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
    rule: ChainRule, *, name: str, cluster: str, virtual_host: str, grpc_web: bool = False
) -> listener_parts_v3.FilterChain:
    if rule.is_http:
        routes = build_inbound_routes(cluster, virtual_host)
        last = build_http_filter(HttpRole.INBOUND, name, routes=routes, grpc_web=grpc_web)
    elif rule.is_mutual:
        last = build_tcp_proxy_of_proven(cluster)
    else:
        last = build_tcp_proxy(cluster)
    match = listener_parts_v3.FilterChainMatch(
        transport_protocol=rule.transport, application_protocols=rule.alpn
    )
    return listener_parts_v3.FilterChain(name=name, filter_chain_match=match, filters=[last])


def _secured(
    chain: listener_parts_v3.FilterChain, rule: ChainRule, inbound: InboundPart, *, sds_folder: str
) -> listener_parts_v3.FilterChain:
    if rule.is_mutual:
        socket = build_downstream_tls(
            trust_domains=inbound.trust_domains, is_http=rule.is_http, sds_folder=sds_folder
        )
        chain.transport_socket.CopyFrom(socket)
        chain.transport_socket_connect_timeout.CopyFrom(seconds(15))
    return chain
