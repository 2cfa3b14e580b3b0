"""Redirects of HTTP rules.

Envoy leaves the port of the request's host in the new address unless it is told another. So a port that is
the scheme's default is left out only where the request's host has none, as at a listener on the default port,
or where the rule names the new host itself.
"""

from convoy.api.istio.virtual_service import DerivePort, HttpRedirect
from convoy.mesh.http_actions import captured_path
from convoy.mesh.model import Redirect, RouteMatch

_DEFAULT_PORTS = {"http": 80, "https": 443}
_MOVED_PERMANENTLY = 301


def build_redirect(written: HttpRedirect, match: RouteMatch, *, port: int, is_tls: bool) -> Redirect:
    """The redirect of a rule at a listener's port."""
    captured = captured_path(match, written.uri)
    return Redirect(
        code=written.redirect_code or _MOVED_PERMANENTLY,
        path="" if captured else written.uri,
        prefix=written.prefix_rewrite,
        regex=captured,
        authority=written.authority,
        port=_port(written, port=port, is_tls=is_tls),
        scheme=written.scheme,
    )


def _port(written: HttpRedirect, *, port: int, is_tls: bool) -> int:
    own_scheme = "https" if is_tls else "http"
    default = _DEFAULT_PORTS.get(written.scheme.lower() or own_scheme, 0)
    wanted = written.port or _derived(written.derive_port, port=port, default=default)
    host_has_no_port = written.authority or port == _DEFAULT_PORTS[own_scheme]
    return 0 if wanted == default and host_has_no_port else wanted


def _derived(rule: DerivePort | None, *, port: int, default: int) -> int:
    if rule is DerivePort.FROM_REQUEST_PORT:
        return port
    return default if rule is DerivePort.FROM_PROTOCOL_DEFAULT else 0
