"""What a workload's sidecar does with connections to it, by the port the application listens on.

Ports are target ports. Two Services that disagree about what is spoken on one target port leave the sidecar
to find out per connection.
"""

from collections.abc import Iterable

from convoy.mesh.model import InboundPart, InboundPort, MeshSettings, Protocol
from convoy.mesh.pods import PodFacts
from convoy.mesh.selections import serving_port
from convoy.mesh.services import Registered


def build_inbound(pod: PodFacts, services: Iterable[Registered], *, settings: MeshSettings) -> InboundPart:
    """The inbound part of a pod that these Services select."""
    protocols = port_protocols(pod, services)
    return InboundPart(
        ports=tuple(
            InboundPort(port, _agreed(protocols[port]), pod.modes.of(port)) for port in sorted(protocols)
        ),
        default_mode=pod.modes.default,
        port_modes=tuple((port, mode) for port, mode in pod.modes.ports if port not in protocols),
        trust_domains=(settings.trust_domain,),
        interception_mark=settings.interception_mark,
        detection_ms=settings.protocol_detection_timeout_ms,
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


def _agreed(protocols: set[Protocol]) -> Protocol:
    return next(iter(protocols)) if len(protocols) == 1 else Protocol.AUTO
