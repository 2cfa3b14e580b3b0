"""What a workload's sidecar does with connections to it, by the port the application listens on.

Ports are target ports. Two Services that disagree about what is spoken on one target port leave the sidecar
to find out per connection. Where a Sidecar has ingress listeners, those are the ports, whatever the Services
say.

Limits of the connections to an application are the Sidecar's, or else those that the workload's own
DestinationRules give to its callers.
"""

from collections.abc import Iterable

import msgspec

from convoy.api.istio.destination_rule import ConnectionPool
from convoy.api.istio.sidecar import Sidecar
from convoy.mesh.credentials import sorted_credentials
from convoy.mesh.facts import Ground
from convoy.mesh.ingress import PoolLimits, build_ingress, pool_limits
from convoy.mesh.model import AS_DIALLED, Application, InboundPart, InboundPort, Protocol, ServicePort
from convoy.mesh.pods import PodFacts
from convoy.mesh.retries import build_retries
from convoy.mesh.selections import serving_port
from convoy.mesh.services import Registered
from convoy.mesh.traffic_policy import connection_pool
from convoy.mesh.upstream_tls import oldest_tls

_LOOPBACK = "127.0.0.1"


def build_inbound(pod: PodFacts, services: Iterable[Registered], facts: Ground) -> InboundPart:
    """The inbound part of a pod that these Services select."""
    settings = facts.settings
    sidecar = facts.sidecars.of(pod.namespace, pod.labels)
    listed = tuple(services)
    if sidecar and sidecar.spec.ingress:
        opened = tuple(build_ingress(pod, sidecar, facts.credentials, settings=settings))
    else:
        opened = tuple((port, ()) for port in _service_ports(pod, listed, facts, sidecar))
    ports = tuple(sorted((port for port, _ in opened), key=lambda port: port.port))
    numbers = {port.port for port in ports}
    return InboundPart(
        ports=ports,
        default_mode=pod.modes.default,
        port_modes=tuple((port, mode) for port, mode in pod.modes.ports if port not in numbers),
        trust_domains=(settings.trust_domain, *settings.trust_domain_aliases),
        interception_mark=settings.interception_mark,
        detection_ms=settings.protocol_detection_timeout_ms,
        min_tls_version=oldest_tls(settings),
        retries=build_retries(written) if (written := settings.default_inbound_http_retry) else None,
        paths=settings.path_normalization,
        credentials=sorted_credentials(credential for _, named in opened for credential in named),
    )


def port_protocols(pod: PodFacts, services: Iterable[Registered]) -> dict[int, set[Protocol]]:
    """What the Services say is spoken on each target port."""
    found: dict[int, set[Protocol]] = {}
    for registered in services:
        for port in registered.service.ports:
            number = serving_port(registered, pod, port)
            if number is not None:
                found.setdefault(number, set()).add(port.protocol)
    return found


def _service_ports(
    pod: PodFacts, services: tuple[Registered, ...], facts: Ground, sidecar: Sidecar | None
) -> Iterable[InboundPort]:
    protocols = port_protocols(pod, services)
    own = sidecar.spec.inbound_connection_pool if sidecar else None
    for number in sorted(protocols):
        limits = pool_limits(own, facts.settings) if own else _limits_of_rules(pod, services, facts, number)
        yield InboundPort(
            number,
            agreed_protocol(protocols[number]),
            pod.modes.of(number),
            application=_application(facts, number),
            pool=limits.pool,
            connect_timeout_ms=limits.connect_timeout_ms,
        )


def _limits_of_rules(
    pod: PodFacts, services: tuple[Registered, ...], facts: Ground, number: int
) -> PoolLimits:
    limits = pool_limits(_pool_of_rules(pod, services, facts, number), facts.settings)
    # In which version callers ask says nothing of what the application speaks.
    return msgspec.structs.replace(limits, pool=msgspec.structs.replace(limits.pool, http_version=None))


def _pool_of_rules(
    pod: PodFacts, services: tuple[Registered, ...], facts: Ground, number: int
) -> ConnectionPool | None:
    for registered in services:
        for port in registered.service.ports:
            if serving_port(registered, pod, port) == number:
                found = _pool_of(registered, port, pod, facts)
                if found:
                    return found
    return None


def _pool_of(
    registered: Registered, port: ServicePort, pod: PodFacts, facts: Ground
) -> ConnectionPool | None:
    service = registered.service
    rule = facts.rules.find(service.hostname, client=pod.namespace, service=service.namespace)
    return connection_pool(rule, port=port.number) if rule else None


def _application(facts: Ground, number: int) -> Application:
    return Application(_LOOPBACK, number) if facts.settings.inbound_to_localhost else AS_DIALLED


def agreed_protocol(protocols: set[Protocol]) -> Protocol:
    """What is spoken on a port of which several Services say it; AUTO where that cannot be."""
    if len(protocols) == 1:
        return next(iter(protocols))
    if all(protocol.is_http2 for protocol in protocols):
        return Protocol.GRPC_WEB if Protocol.GRPC_WEB in protocols else Protocol.HTTP2
    return Protocol.AUTO
