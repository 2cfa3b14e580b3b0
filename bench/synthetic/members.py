"""Who the clients are: pods of the services, each with the certificate of its service account."""

from pathlib import Path

from bench.fleet.client import Member
from bench.fleet.identity import TRUST_DOMAIN, ClientTls
from bench.synthetic.manifests import Size, address_of, name_of, namespace_of
from convoy.ca.files import write_intermediate
from convoy.ca.identity import Identity
from convoy.ca.issuers import Intermediate, issue_intermediate, issue_workload, new_root
from convoy.ca.keys import build_csr, key_to_pem, new_key

SERVER_NAME = "istiod.istio-system.svc"


def new_authority(folder: Path) -> Intermediate:
    """A throw-away CA, and its four files for the control plane."""
    issuer = issue_intermediate(new_root(), "bench")
    write_intermediate(folder, issuer)
    return issuer


def members_of(
    size: Size, clients: int, issuer: Intermediate, *, server_name: str = SERVER_NAME
) -> list[Member]:
    """The first pod of each service, then the second ones, until there are so many.

    There is one key for all of them and a certificate for each service account.
    """
    key = new_key()
    request, key_pem = build_csr(key), key_to_pem(key)
    roots = b"".join(issuer.roots_pem)
    proofs = []
    for number in range(min(clients, size.services)):
        identity = Identity(TRUST_DOMAIN, namespace_of(size, number), name_of(number))
        chain = issue_workload(issuer, request, identity=identity).chain_pem
        proofs.append(ClientTls(key_pem, b"".join(chain), roots, server_name))
    return [
        Member(_node_id(size, *reversed(divmod(each, size.services))), proofs[each % size.services])
        for each in range(clients)
    ]


def _node_id(size: Size, number: int, replica: int) -> str:
    namespace = namespace_of(size, number)
    pod = f"{name_of(number)}-{replica}.{namespace}"
    return f"sidecar~{address_of(size, number, replica)}~{pod}~{namespace}.svc.cluster.local"
