"""Who the clients of the fleet are, and the certificates with which they prove it."""

from typing import NamedTuple

from convoy.ca.identity import Identity
from convoy.ca.issuers import issue_intermediate, issue_server, issue_workload, new_root
from convoy.ca.keys import build_csr, key_to_pem, new_key
from convoy.kit.secrets import SecretBytes
from convoy.xds.server.security import CertificateBundle

TRUST_DOMAIN = "cluster.local"
CLIENT = Identity(TRUST_DOMAIN, "fleet", "client")
NODE_PATTERN = "sidecar~127.0.0.1~client-{n}.fleet~fleet.svc.cluster.local"


class ClientTls(NamedTuple):
    """What a client needs for mutual TLS; all PEM."""

    key_pem: SecretBytes
    chain_pem: bytes
    root_pem: bytes
    server_name: str
    """The name in the server's certificate."""


def proxy_key(number: int) -> str:
    """The key in a model of the client with a number."""
    return f"client-{number}.fleet"


def new_certificates() -> tuple[CertificateBundle, ClientTls]:
    """A throw-away root and what it issued: for the server, and one certificate for all clients."""
    issuer = issue_intermediate(new_root(), "bench")
    server = issue_server(issuer, TRUST_DOMAIN)
    key = new_key()
    client = issue_workload(issuer, build_csr(key), identity=CLIENT)
    roots = b"".join(issuer.roots_pem)
    return (
        CertificateBundle(server.key_pem, b"".join(server.certificate.chain_pem), roots),
        ClientTls(key_to_pem(key), b"".join(client.chain_pem), roots, "istiod.istio-system.svc"),
    )
