"""Which pages of other origins a browser may let call a service."""

from convoy.mesh.model.base import Part
from convoy.mesh.model.matches import TextMatch


class CorsPolicy(Part, frozen=True, cache_hash=True):
    """The answers to preflight requests and the headers of actual ones; empty fields are not sent."""

    origins: tuple[TextMatch, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed_headers: tuple[str, ...] = ()
    max_age_s: int | None = None
    allows_credentials: bool | None = None
    forwards_unmatched_preflights: bool = True
