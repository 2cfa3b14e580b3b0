"""How the server knows that a client is the proxy it says it is.

The node ID of a stream's first request names a proxy; the model says which SPIFFE ID that proxy must have
proved. `MutualTls` compares it with the client certificate of the connection. `TrustedLoopback` believes
every client, so it serves plain text on loopback addresses only; it is for benchmarks and tests.
"""

import ipaddress
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, NewType, Protocol

import grpc
import msgspec

from convoy.kit.secrets import SecretBytes

ProxyKey = NewType("ProxyKey", str)
"""`<pod>.<namespace>`, the key of `XdsModel.proxies`."""

NODE_TYPES = ("sidecar", "router")


class AdsError(Exception):
    """The ADS server cannot do what its caller asked for."""


class NodeIdError(AdsError):
    """A node ID is not of the form `sidecar~<ip>~<pod>.<namespace>~<domain>`."""


class UnsafeAddressError(AdsError):
    """Plain text was asked for on an address that is not loopback."""


class ListenError(AdsError):
    """The server could not listen on its address."""


class ProxyNode(msgspec.Struct, frozen=True):
    """What a node ID says."""

    node_type: str
    address: str
    key: ProxyKey
    domain: str


class CertificateBundle(NamedTuple):
    """What the server proves itself with, and the roots it accepts clients by; all PEM."""

    key_pem: SecretBytes
    chain_pem: bytes
    root_pem: bytes


class Security(Protocol):
    """How connections are secured and who their clients are."""

    def listen(self, server: grpc.aio.Server, address: str) -> int:
        """Add `host:port` to the server; gives the port. Raises `AdsError`."""
        ...

    def refusal(self, expected: str, context: Any) -> str | None:
        """Why the client of a call is not who owns the SPIFFE ID `expected`; None if it is."""
        ...


class MutualTls:
    """TLS with client certificates; own certificate and roots are asked for anew at each connection."""

    def __init__(self, certificates: Callable[[], CertificateBundle]) -> None:
        self._certificates = certificates
        self._lock = threading.Lock()
        self._current: CertificateBundle | None = None

    def listen(self, server: grpc.aio.Server, address: str) -> int:
        self._current = self._certificates()
        credentials = grpc.dynamic_ssl_server_credentials(
            _configuration(self._current), self._newer_configuration, require_client_authentication=True
        )
        return _bound(address, lambda: server.add_secure_port(address, credentials))

    def refusal(self, expected: str, context: Any) -> str | None:
        proved = spiffe_ids(context)
        if proved == {expected}:
            return None
        found = ", ".join(sorted(proved)) or "no SPIFFE ID"
        return f"the certificate proves {found}, but this proxy must be {expected}"

    def _newer_configuration(self) -> Any:
        # gRPC calls this on a thread of its own, before each handshake.
        with self._lock:
            newest = self._certificates()
            if newest == self._current:
                return None
            self._current = newest
            return _configuration(newest)


class TrustedLoopback:
    """Plain text on loopback; the node ID is believed."""

    def listen(self, server: grpc.aio.Server, address: str) -> int:
        if not _is_loopback(address):
            raise UnsafeAddressError(f"plain text ADS was asked for on {address}; only loopback is allowed")
        return _bound(address, lambda: server.add_insecure_port(address))

    def refusal(self, expected: str, context: Any) -> str | None:
        return None


def parse_node_id(node_id: str) -> ProxyNode:
    """Read `<type>~<ip>~<pod>.<namespace>~<domain>`; raises `NodeIdError`."""
    parts = node_id.split("~")
    if len(parts) != 4 or parts[0] not in NODE_TYPES or "." not in parts[2]:
        raise NodeIdError(
            f"node ID {node_id!r} is not of the form sidecar~<ip>~<pod>.<namespace>~<domain> (or router~...)"
        )
    return ProxyNode(node_type=parts[0], address=parts[1], key=ProxyKey(parts[2]), domain=parts[3])


def spiffe_ids(context: Any) -> set[str]:
    """The SPIFFE IDs in the client certificate of a call."""
    names = context.auth_context().get("x509_subject_alternative_name", ())
    return {name.decode() for name in names if name.startswith(b"spiffe://")}


def _configuration(bundle: CertificateBundle) -> Any:
    pair = (bundle.key_pem.reveal(), bundle.chain_pem)
    return grpc.ssl_server_certificate_configuration([pair], root_certificates=bundle.root_pem)


def _bound(address: str, bind: Callable[[], int]) -> int:
    try:
        port = bind()
    except RuntimeError as error:
        raise ListenError(f"cannot listen on {address} for ADS: {error}") from error
    if port == 0 and not address.startswith("unix:"):
        raise ListenError(f"cannot listen on {address} for ADS")
    return port


def _is_loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
