"""Gateway: servers, their ports, hosts and TLS."""

from convoy.api import codes
from convoy.api.istio.gateway import Gateway, Server
from convoy.api.paths import item_path, quote
from convoy.api.validation import names, protocols
from convoy.api.validation.finding import Findings


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
    found.check_port(f"{path}.port.number", port.number)
    found.check_not_empty(f"{path}.port.name", port.name, "Name the port.")
    protocols.check_protocol(f"{path}.port.protocol", port.protocol, found)
    if port.target_port is not None:
        remedy = "Remove it: the gateway's Service says the target port."
        found.add(codes.BAD_PORT, f"{path}.port.targetPort", "has no place in a Gateway.", remedy)
    found.check_not_empty(f"{path}.hosts", server.hosts, 'Add a host, or "*".')
    for i, host in enumerate(server.hosts):
        _check_host(item_path(f"{path}.hosts", i), host, found)
    _check_tls(path, server, found)


def _check_host(path: str, host: str, found: Findings) -> None:
    namespace, slash, name = host.rpartition("/")
    if slash and namespace not in ("*", ".") and not names.is_label(namespace):
        remedy = 'Before the slash write a namespace, "." or "*".'
        found.add(codes.BAD_HOST, path, f"{quote(namespace)} is not a namespace.", remedy)
    found.check_host(path, name, wildcard=True, bare=True)
    if names.is_fqdn(name) and "." not in name:
        message = f"{quote(name)} is a short name."
        found.add(
            codes.BAD_HOST, path, message, "Write the full host name: a gateway has no namespace to add."
        )


def _check_tls(path: str, server: Server, found: Findings) -> None:
    protocol, tls = server.port.protocol.upper(), server.tls
    if protocol in protocols.TLS:
        if tls is None:
            message = f"is missing, but port {server.port.number} is {protocol}."
            found.add(codes.MISSING_FIELD, f"{path}.tls", message, "Add tls.mode.")
    elif tls is not None and not (tls.https_redirect and protocol == "HTTP"):
        message = f"is set, but port {server.port.number} is {protocol}, which is plain text."
        found.add(codes.CONFLICT, f"{path}.tls", message, 'Remove it, or use the protocol "TLS" or "HTTPS".')
