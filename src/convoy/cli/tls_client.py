"""TLS as a member of the mesh speaks it, on connections that are made already."""

import http.client
import socket
import ssl

from convoy.ca.identity import Identity
from convoy.ca.issuers import Intermediate, issue_workload
from convoy.ca.keys import build_csr, key_to_pem, new_key
from convoy.cli.pod_traffic import Reply, Request, ask, over
from convoy.kit.tls import load_key_pair, unverified_client_context

DEMO_ACCOUNT = "convoy-demo"
_SECONDS = 10.0


def client_context(issuer: Intermediate) -> ssl.SSLContext:
    """A TLS client that proves an identity of the demo's own, certified by `issuer`."""
    key = new_key()
    issued = issue_workload(
        issuer, build_csr(key), identity=Identity("cluster.local", "default", DEMO_ACCOUNT)
    )
    context = anonymous_context()
    load_key_pair(context, key_to_pem(key).reveal(), b"".join(issued.chain_pem))
    return context


def anonymous_context() -> ssl.SSLContext:
    """A TLS client of the mesh's protocol without a certificate."""
    context = unverified_client_context()
    context.set_alpn_protocols(["istio-http/1.1", "istio"])
    return context


def verifying_context(roots_pem: str) -> ssl.SSLContext:
    """A TLS client without a certificate that asks of the server one under these roots, whatever its name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=roots_pem)
    context.set_alpn_protocols(["istio"])
    return context


def peer_certificate(context: ssl.SSLContext, sock: socket.socket, *, sni: str) -> bytes:
    """The certificate (DER) that the server shows for an SNI; ssl.SSLError or OSError when there is none."""
    sock.settimeout(_SECONDS)
    with context.wrap_socket(sock, server_hostname=sni) as secured:
        certificate = secured.getpeercert(binary_form=True)
    if certificate is None:
        raise ssl.SSLError("the server showed no certificate")
    return certificate


def ask_tls(context: ssl.SSLContext, sock: socket.socket, *, sni: str, request: Request) -> Reply:
    """One request over TLS on a connected socket; failures become a Reply with status 0."""
    sock.settimeout(_SECONDS)
    try:
        with context.wrap_socket(sock, server_hostname=sni) as secured:
            return ask(over(secured), request)
    except (OSError, http.client.HTTPException) as error:
        sock.close()
        return Reply(0, {}, f"{type(error).__name__}: {error}".encode())
