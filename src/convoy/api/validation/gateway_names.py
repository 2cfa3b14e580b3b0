"""Names of Gateways, as VirtualServices have them."""

from collections.abc import Sequence

from convoy.api import codes
from convoy.api.paths import item_path, quote
from convoy.api.validation import names
from convoy.api.validation.finding import Findings

MESH_GATEWAY = "mesh"


def check_gateway_names(path: str, gateways: Sequence[str], found: Findings) -> None:
    """Each is `mesh`, the name of a Gateway, or namespace and name with a slash."""
    for i, gateway in enumerate(gateways):
        _check_name(item_path(path, i), gateway, found)


def is_for_mesh(gateways: Sequence[str]) -> bool:
    """Whether rules bound to these gateways hold in sidecars."""
    return not gateways or MESH_GATEWAY in gateways


def _check_name(path: str, gateway: str, found: Findings) -> None:
    namespace, slash, name = gateway.partition("/")
    is_valid = (
        names.is_host_label(namespace) and names.is_host_label(name) if slash else names.is_fqdn(gateway)
    )
    if not is_valid:
        remedy = 'Write "mesh", the name of a Gateway, or "namespace/name".'
        found.add(codes.BAD_REFERENCE, path, f"{quote(gateway)} does not name a Gateway.", remedy)
    elif "." in gateway:
        message = f"{quote(gateway)} is the old form of naming a Gateway."
        found.add(codes.DEPRECATED, path, message, 'Write "namespace/name".')
