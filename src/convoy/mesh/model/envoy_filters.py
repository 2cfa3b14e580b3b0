"""Changes of what Envoy is configured with, in the order in which they are made."""

from convoy.mesh.model.base import Part


class EnvoyPatch(Part, frozen=True, cache_hash=True):
    """One entry of an EnvoyFilter's `configPatches`, as canonical JSON: only builders know what is in it."""

    text: bytes
