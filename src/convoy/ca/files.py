"""CAs in folders.

A root lives in `<state>/ca/` (`root-key.pem`, mode 0600, and `root-cert.pem`) and its key never leaves it. An
intermediate is a folder with the four files of Istio's `cacerts` Secret: `ca-cert.pem`, `ca-key.pem`,
`root-cert.pem` and `cert-chain.pem`, so that intermediates made elsewhere work as well.

Four files cannot change at once. A reader therefore takes them only when they belong together, and otherwise
keeps what it had.
"""

import os
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from convoy.ca.errors import IssuerError
from convoy.ca.issuers import Intermediate, IssuerKey, Root, new_root
from convoy.ca.keys import CaPrivateKey, certificate_to_pem, key_to_pem
from convoy.kit.clock import SYSTEM_CLOCK, Clock
from convoy.kit.logs import get_logger

CA_CERT, CA_KEY, ROOT_CERT, CERT_CHAIN = "ca-cert.pem", "ca-key.pem", "root-cert.pem", "cert-chain.pem"
INTERMEDIATE_FILES = (CA_CERT, CA_KEY, ROOT_CERT, CERT_CHAIN)
_ROOT_KEY = "root-key.pem"

log = get_logger("ca")


def load_or_create_root(folder: Path, clock: Clock = SYSTEM_CLOCK) -> Root:
    """The root kept in `folder`, made there when it has none. IssuerError when its files are damaged."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / _ROOT_KEY).exists():
        root = new_root(clock)
        # The key last: a folder without it counts as empty, so an interrupted start leaves no half root.
        _write(folder / ROOT_CERT, certificate_to_pem(root.certificate), mode=0o644)
        _write(folder / _ROOT_KEY, key_to_pem(root.key.reveal()).reveal(), mode=0o600)
        return root
    certificate = _load_certificates(folder / ROOT_CERT)[0]
    key = _load_key(folder / _ROOT_KEY)
    _require_pair(certificate, key, folder)
    return Root(certificate, IssuerKey(key))


def intermediate_to_files(intermediate: Intermediate) -> dict[str, bytes]:
    """The content of the four `cacerts` files; `ca-key.pem` among them is a secret."""
    return {
        CA_CERT: certificate_to_pem(intermediate.certificate),
        CA_KEY: key_to_pem(intermediate.key.reveal()).reveal(),
        ROOT_CERT: b"".join(intermediate.roots_pem),
        CERT_CHAIN: b"".join(certificate_to_pem(each) for each in (*intermediate.chain, *intermediate.roots)),
    }


def write_intermediate(folder: Path, intermediate: Intermediate) -> None:
    """Write the four files, each renamed into place, the key with mode 0600."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, data in intermediate_to_files(intermediate).items():
        _write(folder / name, data, mode=0o600 if name == CA_KEY else 0o644)


def load_intermediate(folder: Path) -> Intermediate:
    """The intermediate in `folder`, once its files are seen to belong together; IssuerError otherwise."""
    certificate = _load_certificates(folder / CA_CERT)[0]
    key = _load_key(folder / CA_KEY)
    roots = _load_certificates(folder / ROOT_CERT)
    _require_pair(certificate, key, folder)
    above = _load_certificates(folder / CERT_CHAIN) if (folder / CERT_CHAIN).exists() else ()
    chain = _chain_to_root(certificate, above, roots=roots)
    if chain is None:
        raise IssuerError(f"{folder / CA_CERT} does not lead to a root in {folder / ROOT_CERT}.")
    return Intermediate(certificate, IssuerKey(key), chain, roots)


class IntermediateFolder:
    """The intermediate of a folder, read again when its files change; the last good one stays in use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamp = self._stamp_now()
        self._current = load_intermediate(folder)
        self.problem = ""
        """Why the files on disk are not the ones in use; empty when they are."""

    def current(self) -> Intermediate:
        """The newest intermediate whose files belong together. Costs four stats."""
        stamp = self._stamp_now()
        if stamp != self._stamp:
            try:
                self._current = load_intermediate(self._folder)
                self.problem = ""
                log.info("intermediate replaced", serial=f"{self._current.certificate.serial_number:x}")
            except IssuerError as error:
                self.problem = str(error)
                log.error(
                    "intermediate not replaced", reason=self.problem, effect="the last one stays in use"
                )
            self._stamp = stamp
        return self._current

    def _stamp_now(self) -> tuple[tuple[int, int, int], ...]:
        return tuple(_stamp(self._folder / name) for name in INTERMEDIATE_FILES)


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_ino, found.st_size)


def _chain_to_root(
    certificate: x509.Certificate, above: tuple[x509.Certificate, ...], *, roots: tuple[x509.Certificate, ...]
) -> tuple[x509.Certificate, ...] | None:
    chain = [certificate]
    while len(chain) <= len(above) + 1:
        if any(_issued_by(chain[-1], root) for root in roots):
            return tuple(chain)
        parent = next((each for each in above if each not in chain and _issued_by(chain[-1], each)), None)
        if parent is None:
            return None
        chain.append(parent)
    return None


def _issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _require_pair(certificate: x509.Certificate, key: CaPrivateKey, folder: Path) -> None:
    if certificate.public_key() != key.public_key():
        raise IssuerError(f"The CA certificate and the CA key in {folder} do not belong together.")


def _load_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except OSError as error:
        raise IssuerError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise IssuerError(f"{path} does not hold PEM certificates.") from error


def _load_key(path: Path) -> CaPrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise IssuerError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError) as error:
        raise IssuerError(f"{path} does not hold an unencrypted PEM key.") from error
    if not isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)):
        raise IssuerError(f"{path} must hold an EC or RSA key.")
    return key


def _write(path: Path, data: bytes, *, mode: int) -> None:
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
