"""The path that a server sees instead of the one that was asked for.

Envoy's `prefix_rewrite` replaces what the match found: the prefix, or the whole path of an exact match or a
regular expression.
"""

from envoy.config.route.v3 import route_components_pb2 as route_parts_v3
from envoy.type.matcher.v3 import regex_pb2 as regex_v3

from convoy.mesh.model import RegexRewrite, Rewrite


def apply_rewrite(action: route_parts_v3.RouteAction, rewrite: Rewrite) -> None:
    """Set the new path."""
    if rewrite.regex is not None:
        action.regex_rewrite.CopyFrom(regex_rewrite(rewrite.regex))
    else:
        action.prefix_rewrite = rewrite.path


def regex_rewrite(rewrite: RegexRewrite) -> regex_v3.RegexMatchAndSubstitute:
    """What a regular expression finds is replaced."""
    return regex_v3.RegexMatchAndSubstitute(
        pattern=regex_v3.RegexMatcher(regex=rewrite.pattern), substitution=rewrite.substitution
    )
