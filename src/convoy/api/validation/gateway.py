"""Gateway: servers, their ports, hosts and TLS."""

from convoy.api import codes
from convoy.api.istio.gateway import Gateway, Server, ServerTlsMode, ServerTlsSettings
from convoy.api.paths import item_path
from convoy.api.validation import protocols
from convoy.api.validation.addresses import check_bind
from convoy.api.validation.finding import Findings
from convoy.api.validation.scoped_hosts import check_scoped_host
from convoy.api.validation.server_tls import check_server_tls


def validate_gateway(gateway: Gateway, found: Findings) -> None:
    """Selector and servers."""
    servers = gateway.spec.servers
    found.check_labels("spec.selector", gateway.spec.selector)
    found.check_not_empty("spec.servers", servers, "Add a server.")
    for i, server in enumerate(servers):
        _check_server(item_path("spec.servers", i), server, found)
    found.check_unique("spec.servers", [server.port.name for server in servers], member="port.name")


def _check_server(path: str, server: Server, found: Findings) -> None:
    port = server.port
    check_bind(f"{path}.bind" if server.bind else f"{path}.port.number", server.bind, port.number, found)
    found.check_not_empty(f"{path}.port.name", port.name, "Name the port.")
    protocols.check_protocol(f"{path}.port.protocol", port.protocol, found)
    if port.target_port:
        remedy = "Remove it: the gateway's Service says the target port."
        found.add(codes.BAD_PORT, f"{path}.port.targetPort", "has no place in a Gateway.", remedy)
    found.check_not_empty(f"{path}.hosts", server.hosts, 'Add a host, or "*".')
    for i, host in enumerate(server.hosts):
        check_scoped_host(item_path(f"{path}.hosts", i), host, found, at_gateway=True)
    _check_tls(f"{path}.tls", server, found)


def _check_tls(path: str, server: Server, found: Findings) -> None:
    protocol, tls = server.port.protocol.upper(), server.tls
    if protocol in protocols.TLS:
        if tls is None:
            message = f"is missing, but port {server.port.number} is {protocol}."
            found.add(codes.MISSING_FIELD, path, message, "Add tls.mode.")
    elif tls is not None and not (protocol in protocols.HTTP and _only_redirects(tls)):
        message = f"is set, but port {server.port.number} is {protocol}, which is plain text."
        remedy = "Use protocol HTTPS or TLS, or remove it."
        if protocol in protocols.HTTP:
            remedy = "Use protocol HTTPS or TLS, or remove all but httpsRedirect."
        found.add(codes.CONFLICT, path, message, remedy)
    if tls is None:
        return
    if protocol in protocols.HTTP and not tls.https_redirect and _only_redirects(tls):
        message = f"does nothing without httpsRedirect, because port {server.port.number} is {protocol}."
        found.add(codes.NO_EFFECT, path, message, "Set httpsRedirect, or remove it.")
    if tls.https_redirect and protocol not in protocols.HTTP:
        message = f"is for plain HTTP, but port {server.port.number} is {protocol}."
        found.add(codes.NO_EFFECT, f"{path}.httpsRedirect", message, "Set it on the HTTP server.")
    check_server_tls(path, tls, found)


def _only_redirects(tls: ServerTlsSettings) -> bool:
    """Whether nothing in it would need TLS; a redirect to HTTPS does not."""
    passes = tls.mode in (ServerTlsMode.PASSTHROUGH, ServerTlsMode.AUTO_PASSTHROUGH)
    return passes and not (tls.ca_certificates or tls.private_key or tls.server_certificate)
