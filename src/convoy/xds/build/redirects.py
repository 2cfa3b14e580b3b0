"""Answers that need no server: redirects and direct responses."""

from envoy.config.core.v3 import base_pb2 as core_v3
from envoy.config.route.v3 import route_components_pb2 as route_parts_v3

from convoy.mesh.model import DirectResponse, Redirect
from convoy.xds.build.rewrites import regex_rewrite

_CODES = {
    301: route_parts_v3.RedirectAction.MOVED_PERMANENTLY,
    302: route_parts_v3.RedirectAction.FOUND,
    303: route_parts_v3.RedirectAction.SEE_OTHER,
    307: route_parts_v3.RedirectAction.TEMPORARY_REDIRECT,
    308: route_parts_v3.RedirectAction.PERMANENT_REDIRECT,
}
"""All that Envoy can say; any other code becomes 301."""


def build_redirect(redirect: Redirect) -> route_parts_v3.RedirectAction:
    """Where the client is sent."""
    result = route_parts_v3.RedirectAction(
        response_code=_CODES.get(redirect.code, route_parts_v3.RedirectAction.MOVED_PERMANENTLY),
        host_redirect=redirect.authority,
        port_redirect=redirect.port,
    )
    if redirect.scheme:
        result.scheme_redirect = redirect.scheme
    if redirect.regex is not None:
        result.regex_rewrite.CopyFrom(regex_rewrite(redirect.regex))
    elif redirect.prefix:
        result.prefix_rewrite = redirect.prefix
    elif redirect.path:
        result.path_redirect = redirect.path
    return result


def build_direct_response(answer: DirectResponse) -> route_parts_v3.DirectResponseAction:
    """What the proxy answers itself."""
    result = route_parts_v3.DirectResponseAction(status=answer.status)
    if answer.body:
        result.body.CopyFrom(core_v3.DataSource(inline_bytes=answer.body))
    return result
