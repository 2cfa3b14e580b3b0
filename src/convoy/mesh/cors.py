"""CORS policies of HTTP rules, in the model's words."""

from convoy.api.istio import virtual_service as istio
from convoy.mesh.durations import milliseconds
from convoy.mesh.http_matches import build_text
from convoy.mesh.model import CorsPolicy, MatchKind, TextMatch


def build_cors(written: istio.CorsPolicy | None) -> CorsPolicy | None:
    """The policy; `allowOrigin`, the older spelling, counts where `allowOrigins` is missing."""
    if written is None:
        return None
    origins = [build_text(origin) for origin in written.allow_origins]
    older = [TextMatch(MatchKind.EXACT, origin) for origin in written.allow_origin]
    return CorsPolicy(
        origins=tuple(origins or older),
        methods=tuple(written.allow_methods),
        headers=tuple(written.allow_headers),
        exposed_headers=tuple(written.expose_headers),
        max_age_s=None if written.max_age is None else milliseconds(written.max_age) // 1000,
        allows_credentials=written.allow_credentials,
        forwards_unmatched_preflights=written.unmatched_preflights is not istio.UnmatchedPreflights.IGNORE,
    )
