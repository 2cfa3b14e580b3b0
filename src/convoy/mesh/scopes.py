"""What the proxies of a view know of the mesh: everything that is exported to them, or what their Sidecar
imports.

Each egress listener sees a mesh of its own, with only those services and rules that it imports. So whoever
builds routes is given a smaller mesh and need not know of Sidecars. Where rules send to is not limited: a
destination is reached whether it is imported or not.
"""

from collections.abc import Callable, Mapping

import msgspec

from convoy.api.istio.sidecar import CaptureMode, EgressListener, OutboundMode, Sidecar, SidecarPort
from convoy.api.meta import Hostname
from convoy.mesh.facts import Facts
from convoy.mesh.http_routes import target_key
from convoy.mesh.http_rules import Target
from convoy.mesh.imports import Imports
from convoy.mesh.model import Protocol, UpstreamKey, ViewKey
from convoy.mesh.protocols import kube_protocol
from convoy.mesh.services import Registered
from convoy.mesh.short_names import expand_host
from convoy.mesh.virtual_services import PreparedVirtualService

LOOPBACK = "127.0.0.1"
HTTP_PROXY = "HTTP_PROXY"
UNIX = "unix://"


class ListenerScope(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """An egress listener. `facts` are those of the mesh that it sees."""

    facts: Facts
    port: int | None = None
    """None: all ports that no other listener has; 0: a Unix domain socket, or what is found otherwise."""
    address: str = ""
    """An IP address or a Unix domain socket of its own; empty: the addresses of the services."""
    is_bound: bool = False
    """It is not captured connections that come there, but those that are made to it."""
    mixes_ports: bool = False
    """Requests for all ports of the services come there, and say which one they mean."""
    protocol: Protocol | None = None
    is_mesh_proxy: bool = False
    """The mesh's own setting has it, and no Sidecar."""


class Scope(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """All that proxies see. `services` are those that some listener imports, whole."""

    listeners: tuple[ListenerScope, ...]
    services: Mapping[Hostname, Registered]
    allows_any: bool
    resolves_any: bool = False
    """Requests for unknown hosts go where those resolve to."""
    egress_proxy: UpstreamKey | None = None
    """Where unknown traffic goes instead of the address that was dialled."""


class Scopes:
    """The scope of every view, made once for those that share it."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._made: dict[tuple[str, str], Scope] = {}

    def of(self, key: ViewKey) -> Scope:
        """What the sidecars with a key see."""
        place = (key.namespace, key.sidecar)
        if place not in self._made:
            self._made[place] = build_scope(self._facts, key)
        return self._made[place]


def build_scope(facts: Facts, key: ViewKey) -> Scope:
    """What the sidecars with a key see."""
    sidecar = facts.sidecars.find(key.sidecar) if key.sidecar else None
    if sidecar is None:
        return Scope(
            listeners=(ListenerScope(facts=facts), *_mesh_proxy(facts)),
            services=facts.registry.visible(key.namespace),
            allows_any=facts.settings.allows_any,
            resolves_any=facts.settings.resolves_any,
        )
    egress_proxy = _egress_proxy(sidecar, facts, key)
    facts = _with_outbound_policy(facts, sidecar)
    listeners = tuple(
        _listener(facts, key.namespace, written)
        for written in sidecar.spec.egress or [EgressListener(hosts=["*/*"])]
    )
    known = facts.registry.known(key.namespace)
    imported = {host for listener in listeners for host in listener.facts.registry.visible(key.namespace)}
    return Scope(
        listeners=(*listeners, *_mesh_proxy(_facts_of_rest(listeners))),
        services={host: registered for host, registered in known.items() if host in imported},
        allows_any=facts.settings.allows_any,
        resolves_any=facts.settings.resolves_any,
        egress_proxy=egress_proxy,
    )


def _mesh_proxy(facts: Facts) -> tuple[ListenerScope, ...]:
    """Where sidecars are an HTTP proxy for their application, if the mesh says that they are."""
    port = facts.settings.proxy_http_port
    if not port:
        return ()
    proxy = ListenerScope(
        facts=facts,
        port=port,
        address=LOOPBACK,
        is_bound=True,
        mixes_ports=True,
        protocol=Protocol.HTTP,
        is_mesh_proxy=True,
    )
    return (proxy,)


def _facts_of_rest(listeners: tuple[ListenerScope, ...]) -> Facts:
    return next((one.facts for one in listeners if one.port is None), listeners[0].facts)


def _with_outbound_policy(facts: Facts, sidecar: Sidecar) -> Facts:
    policy = sidecar.spec.outbound_traffic_policy
    if policy is None:
        return facts
    allows_any = policy.mode is OutboundMode.ALLOW_ANY
    settings = msgspec.structs.replace(facts.settings, allows_any=allows_any, resolves_any=False)
    return msgspec.structs.replace(facts, settings=settings)


def _egress_proxy(sidecar: Sidecar, facts: Facts, key: ViewKey) -> UpstreamKey | None:
    policy = sidecar.spec.outbound_traffic_policy
    if policy is None or policy.egress_proxy is None or policy.mode is not OutboundMode.ALLOW_ANY:
        return None
    written = policy.egress_proxy
    host = expand_host(written.host, sidecar.metadata.namespace, facts.settings.cluster_domain)
    target = Target(host, written.subset, written.port.number if written.port else None, 100)
    return target_key(target, listener_port=0, visible=facts.registry.known(key.namespace))


def _listener(facts: Facts, namespace: str, written: EgressListener) -> ListenerScope:
    imports = Imports(written.hosts, namespace)
    number = written.port.number if written.port else None
    is_proxy = written.port is not None and written.port.protocol.upper() == HTTP_PROXY
    is_bound = written.capture_mode is CaptureMode.NONE or written.bind.startswith(UNIX)
    address = written.bind.removeprefix(UNIX) or (LOOPBACK if is_bound or is_proxy else "")
    protocol = _said_protocol(written.port) if written.port else None
    mixes_ports = is_proxy or number == 0

    def narrow(registered: Registered) -> Registered | None:
        if not imports.admits(registered.service.hostname, registered.service.namespace):
            return None
        return _part(
            registered,
            port=None if mixes_ports else number,
            protocol=None if mixes_ports else protocol,
            keeps_addresses=not address,
        )

    def keep(service: PreparedVirtualService) -> bool:
        return imports.meets(service.hosts, service.namespace)

    return ListenerScope(
        facts=_narrowed(facts, namespace, narrow, keep),
        port=number,
        address=address,
        is_bound=is_bound or is_proxy,
        mixes_ports=mixes_ports,
        protocol=protocol,
    )


def _said_protocol(port: SidecarPort) -> Protocol | None:
    """What the listener says of its port, by its protocol or else its name; None: what the services say."""
    protocol = kube_protocol(app_protocol=port.protocol, name=port.name, number=port.number)
    return None if protocol is Protocol.AUTO and not port.protocol else protocol


def _narrowed(
    facts: Facts,
    namespace: str,
    narrow: Callable[[Registered], Registered | None],
    keep: Callable[[PreparedVirtualService], bool],
) -> Facts:
    return msgspec.structs.replace(
        facts,
        registry=facts.registry.narrowed(namespace, narrow),
        routing=facts.routing.narrowed(keep),
        connections=facts.connections.narrowed(keep),
    )


def _part(
    registered: Registered, *, port: int | None, protocol: Protocol | None, keeps_addresses: bool
) -> Registered | None:
    """A service as one listener has it: with the one port, spoken to as the listener says, at its address."""
    service = registered.service
    if port is None and keeps_addresses:
        return registered
    ports = tuple(
        msgspec.structs.replace(one, protocol=protocol or one.protocol)
        for one in service.ports
        if port in (None, one.number)
    )
    if not ports:
        return None
    if keeps_addresses:
        part = msgspec.structs.replace(service, ports=ports)
    else:
        part = msgspec.structs.replace(service, ports=ports, vips=(), subnets=())
    return msgspec.structs.replace(registered, service=part)
