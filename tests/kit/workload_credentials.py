"""Real certificates of the mesh for tests: what the agent would write for Envoy, and PEM for clients."""

from pathlib import Path

import msgspec

from convoy.agent.sds import SecretFiles
from convoy.ca.identity import parse_spiffe_id
from convoy.ca.issuers import Intermediate, issue_intermediate, issue_workload, new_root
from convoy.ca.keys import build_csr, key_to_pem, new_key


class Credentials(msgspec.Struct, frozen=True):
    """Files of one workload."""

    sds_folder: Path
    key_file: Path
    chain_file: Path
    roots_file: Path


def new_issuer(cluster_id: str = "cluster1") -> Intermediate:
    """An issuer under a root of its own."""
    return issue_intermediate(new_root(), cluster_id)


def write_credentials(folder: Path, identity: str, issuer: Intermediate) -> Credentials:
    """Issue a certificate for a SPIFFE ID and write all forms of it below a folder."""
    key = new_key()
    issued = issue_workload(issuer, build_csr(key), identity=parse_spiffe_id(identity))
    chain = tuple(pem.decode() for pem in issued.chain_pem)
    roots = tuple(pem.decode() for pem in issuer.roots_pem)
    files = Credentials(folder / "sds", folder / "key.pem", folder / "chain.pem", folder / "roots.pem")
    SecretFiles(files.sds_folder).write(key_to_pem(key), chain=chain, roots=roots)
    files.key_file.write_bytes(key_to_pem(key).reveal())
    files.chain_file.write_text("".join(chain))
    files.roots_file.write_text("".join(roots))
    return files
