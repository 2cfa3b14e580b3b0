"""TLS towards servers that do not know the mesh."""

from convoy.mesh.model.base import Part
from convoy.mesh.model.credentials import KeyPairRef, TrustRef


class Origination(Part, frozen=True, cache_hash=True):
    """What the proxy shows, and whom it believes."""

    key_pair: KeyPairRef | None = None
    """None: the proxy does not say who it is."""
    trust: TrustRef | None = None
    """None: whoever answers is believed."""
    names: tuple[str, ...] = ()
    """SANs of which the server must have one; empty: the host of the request, where requests are read."""
