"""The definitions of four kinds like Istio's, as its installation brings them, in short."""

from typing import Any

GROUP = "networking.istio.io"
VERSIONS = ("v1alpha3", "v1beta1", "v1")  # what is asked for without a version is the last

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_LABELS = {"type": "object", "additionalProperties": _TEXT}
_PORT = {
    "type": "object",
    "required": ["number", "protocol", "name"],
    "properties": {"number": {"type": "integer", "maximum": 65535}, "protocol": _TEXT, "name": _TEXT},
}


def _list(**properties: Any) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "object", "properties": properties}}


_DESTINATION = {"type": "object", "properties": {"host": _TEXT, "subset": _TEXT}}
_ROUTE = _list(destination=_DESTINATION, weight={"type": "integer"})

KINDS: dict[str, tuple[str, str, dict[str, Any], dict[str, str]]] = {
    # kind: plural, short name, properties of the spec, printer columns
    "VirtualService": (
        "virtualservices",
        "vs",
        {
            "hosts": {**_TEXTS, "description": "The destination hosts to which traffic is being sent."},
            "gateways": _TEXTS,
            "http": {**_list(name=_TEXT, route=_ROUTE), "description": "An ordered list of route rules."},
        },
        {"Gateways": ".spec.gateways", "Hosts": ".spec.hosts"},
    ),
    "DestinationRule": (
        "destinationrules",
        "dr",
        {"host": _TEXT, "subsets": _list(name=_TEXT, labels=_LABELS)},
        {"Host": ".spec.host"},
    ),
    "ServiceEntry": (
        "serviceentries",
        "se",
        {
            "hosts": _TEXTS,
            "ports": {"type": "array", "items": _PORT},
            "location": {"type": "string", "enum": ["MESH_EXTERNAL", "MESH_INTERNAL"]},
            "resolution": {"type": "string", "enum": ["NONE", "STATIC", "DNS"]},
        },
        {"Hosts": ".spec.hosts", "Location": ".spec.location", "Resolution": ".spec.resolution"},
    ),
    "Gateway": ("gateways", "gw", {"selector": _LABELS, "servers": _list(port=_PORT, hosts=_TEXTS)}, {}),
}


def istio_definitions() -> list[dict[str, Any]]:
    """The four CustomResourceDefinitions."""
    return [_definition(kind, *parts) for kind, parts in KINDS.items()]


def _definition(
    kind: str, plural: str, short: str, properties: dict[str, Any], columns: dict[str, str]
) -> dict[str, Any]:
    spec = {"type": "object", "properties": properties}
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": spec, "status": status}}
    age = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
    printed = [{"name": name, "type": "string", "jsonPath": path} for name, path in columns.items()]
    versions = [
        {
            "name": version,
            "served": True,
            "storage": version == "v1",
            "schema": {"openAPIV3Schema": schema},
            "subresources": {"status": {}},
            "additionalPrinterColumns": [*printed, age],
        }
        for version in VERSIONS
    ]
    names = {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": plural,
        "singular": kind.lower(),
        "shortNames": [short],
        "categories": ["istio-io", "networking-istio-io"],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": versions},
    }
