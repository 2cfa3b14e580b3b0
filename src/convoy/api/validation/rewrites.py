"""What a rule changes of a request's path and host before routing it."""

from convoy.api import codes
from convoy.api.istio.common import Headers
from convoy.api.istio.virtual_service import HttpRewrite
from convoy.api.paths import quote
from convoy.api.validation.finding import Findings
from convoy.api.validation.header_operations import authorities


def check_rewrite(path: str, rewrite: HttpRewrite, found: Findings) -> None:
    """Something is rewritten, and the path in one way only."""
    regex = rewrite.uri_regex_rewrite
    if rewrite.uri and regex is not None:
        message = "uri and uriRegexRewrite exclude each other."
        found.add(codes.CONFLICT, path, message, "Keep one of them.")
    if not rewrite.uri and regex is None and not rewrite.authority:
        found.add(codes.EMPTY, path, "rewrites nothing.", "Set uri, uriRegexRewrite or authority.")
    found.check_header_text(f"{path}.uri", rewrite.uri)
    found.check_header_text(f"{path}.authority", rewrite.authority)
    if regex is None:
        return
    here = f"{path}.uriRegexRewrite"
    found.check_not_empty(f"{here}.rewrite", regex.rewrite, "Say what replaces the match.")
    if not regex.match:
        found.check_not_empty(f"{here}.match", regex.match, "Say what is replaced.")
    else:
        found.check_regex(f"{here}.match", regex.match)
        found.check_substitution(f"{here}.rewrite", regex.match, regex.rewrite)


def check_authority(path: str, rewrite: HttpRewrite | None, headers: Headers, found: Findings) -> None:
    """The host is changed in one place: by the rewrite, or by one header of the rule."""
    names = authorities(headers)
    places = [quote(name) for name in names]
    if rewrite is not None and rewrite.authority:
        places.insert(0, "rewrite.authority")
    if len(places) > 1:
        message = f"{' and '.join(places)} all change the host."
        found.add(codes.CONFLICT, f"{path}.headers.request", message, "Keep one of them.")
