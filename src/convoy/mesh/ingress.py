"""The inbound ports that a Sidecar's ingress listeners open, in place of those of the workload's Services.

TLS of a listener's own takes the place of the mesh's: it counts only where a PeerAuthentication disables
mutual TLS.
"""

from collections.abc import Iterator, Mapping

import msgspec

from convoy.api.istio.destination_rule import ConnectionPool
from convoy.api.istio.gateway import ServerTlsSettings
from convoy.api.istio.peer_authentication import MtlsMode
from convoy.api.istio.sidecar import CaptureMode, IngressListener, Sidecar
from convoy.mesh.credentials import Credentials
from convoy.mesh.durations import milliseconds
from convoy.mesh.model import (
    Application,
    Credential,
    InboundPort,
    MeshSettings,
    Pool,
    Protocol,
    ServerTls,
)
from convoy.mesh.pods import PodFacts
from convoy.mesh.pools import resolve_pool
from convoy.mesh.protocols import kube_protocol
from convoy.mesh.server_tls import OpenedTls, open_tls

UNIX = "unix://"
_LOOPBACK = "127.0.0.1"
_INSTANCE = ("0.0.0.0", "::")
_ENDS_AS: Mapping[str, Protocol] = {"HTTPS": Protocol.HTTP, "TLS": Protocol.TCP}


class PoolLimits(msgspec.Struct, frozen=True):
    """What a connectionPool says of the connections to an application."""

    pool: Pool
    connect_timeout_ms: int


def build_ingress(
    pod: PodFacts, sidecar: Sidecar, credentials: Credentials, *, settings: MeshSettings
) -> Iterator[tuple[InboundPort, tuple[Credential, ...]]]:
    """Each listener's port, and the credentials that it names."""
    for written in sidecar.spec.ingress:
        mode = pod.modes.of(written.port.number)
        opened = _own_tls(written.tls, credentials, pod.namespace) if mode is MtlsMode.DISABLE else None
        limits = pool_limits(written.connection_pool or sidecar.spec.inbound_connection_pool, settings)
        is_bound = written.capture_mode is CaptureMode.NONE
        port = InboundPort(
            port=written.port.number,
            protocol=_protocol(written, opened.tls if opened else None),
            mode=mode,
            application=_application(written),
            pool=limits.pool,
            connect_timeout_ms=limits.connect_timeout_ms,
            tls=opened.tls if opened else None,
            address=_address(written, pod, is_bound=is_bound),
            is_bound=is_bound,
        )
        yield port, opened.credentials if opened else ()


def pool_limits(written: ConnectionPool | None, settings: MeshSettings) -> PoolLimits:
    """The limits that a block sets; none where it is absent."""
    timeout = written.tcp.connect_timeout if written and written.tcp else None
    return PoolLimits(resolve_pool(written, None), milliseconds(timeout, default=settings.connect_timeout_ms))


def _own_tls(written: ServerTlsSettings | None, credentials: Credentials, namespace: str) -> OpenedTls | None:
    if written is None:
        return None
    opened = open_tls(written, credentials, namespace=namespace, trust_domains=())
    return opened if isinstance(opened, OpenedTls) else None


def _protocol(written: IngressListener, tls: ServerTls | None) -> Protocol:
    port = written.port
    if tls:
        return _ENDS_AS.get(port.protocol.upper(), Protocol.TCP)
    return kube_protocol(app_protocol=port.protocol, name=port.name, number=port.number)


def _application(written: IngressListener) -> Application:
    endpoint = written.default_endpoint
    if endpoint.startswith(UNIX):
        return Application(endpoint.removeprefix(UNIX))
    if not endpoint:
        return Application(_LOOPBACK, written.port.number)
    host, _, port = endpoint.rpartition(":")
    address = host.strip("[]") or _LOOPBACK
    return Application("" if address in _INSTANCE else address, int(port))


def _address(written: IngressListener, pod: PodFacts, *, is_bound: bool) -> str:
    """A listener of its own must be somewhere; a captured port that names no address is open at all."""
    if is_bound:
        return written.bind or pod.address
    return "" if written.bind in _INSTANCE else written.bind
