"""Names of protocols as Istio's API knows them, compared without regard to case."""

from convoy.api import codes
from convoy.api.paths import quote
from convoy.api.validation.finding import Findings

HTTP = frozenset(("HTTP", "HTTP2", "GRPC", "GRPC-WEB", "HTTP_PROXY"))
TLS = frozenset(("HTTPS", "TLS"))
_OTHER = frozenset(("TCP", "UDP", "MONGO", "MYSQL", "REDIS"))


def check_protocol(field: str, protocol: str, found: Findings) -> None:
    """A known protocol."""
    if protocol.upper() not in HTTP | TLS | _OTHER:
        known = ", ".join(sorted(HTTP | TLS | _OTHER))
        found.add(codes.BAD_PROTOCOL, field, f"{quote(protocol)} is not one of {known}.", "Use one of those.")
