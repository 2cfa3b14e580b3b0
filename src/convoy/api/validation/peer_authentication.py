"""PeerAuthentication: port levels need a selector, because only a workload has ports."""

from convoy.api import codes
from convoy.api.istio.peer_authentication import PeerAuthentication
from convoy.api.paths import child_path, quote
from convoy.api.validation.finding import Findings


def validate_peer_authentication(obj: PeerAuthentication, found: Findings) -> None:
    """Selector and port levels."""
    spec = obj.spec
    labels = spec.selector.match_labels if spec.selector else {}
    found.check_labels("spec.selector.matchLabels", labels)
    if spec.selector is not None and not labels:
        message = "selects nothing in particular: the policy is for the whole namespace."
        found.add(codes.NO_EFFECT, "spec.selector", message, "Add labels, or remove the selector.")
    if spec.port_level_mtls and not labels:
        remedy = "Add spec.selector.matchLabels, or use spec.mtls."
        found.add(codes.CONFLICT, "spec.portLevelMtls", "needs a selector, but there is none.", remedy)
    for port in spec.port_level_mtls:
        if not port.isdecimal() or not 1 <= int(port[:6]) <= 65535:
            path = child_path("spec.portLevelMtls", port)
            found.add(codes.BAD_PORT, path, f"{quote(port)} is not a port.", "Use 1 to 65535.")
