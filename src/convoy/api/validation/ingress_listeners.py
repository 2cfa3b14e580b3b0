"""What the workloads of a Sidecar listen for."""

from collections.abc import Sequence

from convoy.api import codes
from convoy.api.istio.gateway import ServerTlsMode, ServerTlsSettings
from convoy.api.istio.sidecar import IngressListener, SidecarPort
from convoy.api.paths import item_path, quote
from convoy.api.validation import names, protocols
from convoy.api.validation.addresses import UNIX, check_socket_path
from convoy.api.validation.connection_pools import check_connection_pool
from convoy.api.validation.finding import Findings
from convoy.api.validation.server_tls import check_server_tls
from convoy.api.validation.workload_entry import check_port_name

_ADMIN_PORT = 15000
_LOCAL = ("", "127.0.0.1", "0.0.0.0", "::1", "::")


def check_ingress(path: str, listeners: Sequence[IngressListener], found: Findings) -> None:
    """Each listener, and that no two have one port."""
    for i, listener in enumerate(listeners):
        _check_listener(item_path(path, i), listener, found)
    found.check_unique(path, [listener.port.number for listener in listeners], member="port.number")


def check_port(path: str, port: SidecarPort, found: Findings) -> None:
    """Name and protocol, which may be missing, and no target port."""
    if port.name:
        check_port_name(f"{path}.port.name", port.name, found)
    if port.protocol:
        protocols.check_protocol(f"{path}.port.protocol", port.protocol, found)
    if port.target_port:
        message = "has no place in a Sidecar."
        found.add(codes.BAD_PORT, f"{path}.port.targetPort", message, "Remove it.")


def _check_listener(path: str, listener: IngressListener, found: Findings) -> None:
    port = listener.port
    check_port(path, port, found)
    if not port.number:
        found.add(codes.BAD_PORT, f"{path}.port.number", "0 is not a port.", "Use 1 to 65535.")
    if listener.bind and not names.is_ip(listener.bind):
        message = f"{quote(listener.bind)} is not an IP address."
        found.add(codes.BAD_ADDRESS, f"{path}.bind", message, "Use one, or remove it.")
    if listener.default_endpoint:
        _check_endpoint(f"{path}.defaultEndpoint", listener.default_endpoint, found)
    if listener.tls is not None:
        _check_tls(f"{path}.tls", listener.tls, port, found)
    pool = listener.connection_pool
    if pool is not None:
        check_connection_pool(f"{path}.connectionPool", pool, found)
        if pool.http is not None and port.protocol.upper() not in protocols.HTTP:
            message = f"is for HTTP, but port {port.number} is not."
            found.add(codes.NO_EFFECT, f"{path}.connectionPool.http", message, "Set the port's protocol.")


def _check_endpoint(path: str, endpoint: str, found: Findings) -> None:
    if endpoint.startswith(UNIX):
        check_socket_path(path, endpoint, found)
        return
    host, colon, port = endpoint.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    address = host[1:-1] if is_bracketed else host
    is_local = address in _LOCAL and is_bracketed == (":" in address)
    if not colon or not is_local:
        message = f"{quote(endpoint)} is not where the workload itself listens."
        remedy = 'Use "127.0.0.1:", "0.0.0.0:", "[::1]:" or "[::]:" and a port, or "unix:///" and a path.'
        found.add(codes.BAD_ADDRESS, path, message, remedy)
    elif not port.isdecimal() or not 1 <= int(port[:6]) <= 65535:
        found.add(codes.BAD_PORT, path, f"{quote(port)} is not a port.", "Use 1 to 65535.")
    elif int(port) == _ADMIN_PORT:
        # It believes whoever comes from its own pod, as its proxy does.
        found.add(codes.BAD_PORT, path, f"{port} is the administration of the proxy.", "Use another port.")


def _check_tls(path: str, tls: ServerTlsSettings, port: SidecarPort, found: Findings) -> None:
    unsupported = {
        "httpsRedirect": tls.https_redirect,
        "subjectAltNames": tls.subject_alt_names,
        "credentialName": tls.credential_name,
        "credentialNames": tls.credential_names,
        "tlsCertificates": tls.tls_certificates,
    }
    for name, value in unsupported.items():
        if value:
            message = "has no place in a Sidecar."
            found.add(codes.CONFLICT, f"{path}.{name}", message, "Remove it.")
    if tls.mode in (ServerTlsMode.ISTIO_MUTUAL, ServerTlsMode.AUTO_PASSTHROUGH):
        message = f"{tls.mode} is not for listeners of a Sidecar."
        found.add(codes.CONFLICT, f"{path}.mode", message, "Use SIMPLE or MUTUAL.")
    if port.protocol.upper() not in protocols.TLS:
        message = f"is set, but port {port.number} is {port.protocol.upper() or 'of no protocol'}."
        found.add(codes.CONFLICT, path, message, "Use protocol HTTPS or TLS, or remove it.")
    check_server_tls(path, tls, found)
