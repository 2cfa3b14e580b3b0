"""How VirtualServices name Gateways."""

MESH = "mesh"
"""The name that stands for all sidecars where gateways are named."""


def resolve_gateway(name: str, namespace: str) -> str:
    """A gateway's name in a VirtualService of that namespace, as `<namespace>/<name>`; `mesh` stays."""
    if name == MESH or "/" in name:
        return name
    if "." in name:  # the old spelling, as of a Service
        labels = name.split(".")
        return f"{labels[1]}/{labels[0]}"
    return f"{namespace}/{name}"
