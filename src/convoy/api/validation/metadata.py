"""Metadata every object has: names, labels and annotations, as the Kubernetes API server checks them."""

from convoy.api import codes
from convoy.api.base import ApiObject
from convoy.api.kinds import BY_STRUCT
from convoy.api.paths import child_path, quote
from convoy.api.validation import names
from convoy.api.validation.finding import Findings

# These become DNS labels, so their names must be one.
_LABEL_NAMES = {"Namespace": names.is_label, "Service": names.is_label_1035, "Gateway": names.is_label}
_ISTIO = ".istio.io"
# Of Istio's own annotations, those that users may not set on the kinds that are read.
_FORBIDDEN = {
    "istio.io/dry-run": "is for AuthorizationPolicies only",
    "internal.istio.io/webhook-always-reject": "asks for the object to be refused",
    "internal.istio.io/parents": "is set by control planes on what they generate",
    "internal.istio.io/parent-namespace": "is set by control planes on what they generate",
}
_MOST_ANNOTATION_BYTES = 256 * 1024


def validate_metadata(obj: ApiObject, found: Findings) -> None:
    """Name, namespace, labels and annotations."""
    metadata = obj.metadata
    is_valid = _LABEL_NAMES.get(obj.kind, names.is_subdomain)
    if not is_valid(metadata.name):
        remedy = 'Use lower case letters, digits and "-", up to 63 characters'
        remedy += "." if obj.kind in _LABEL_NAMES else '; "." may join several of them.'
        message = f"{quote(metadata.name)} is not a name for a {obj.kind}."
        found.add(codes.BAD_METADATA, "metadata.name", message, remedy)
    if BY_STRUCT[type(obj)].namespaced and not names.is_label(metadata.namespace):
        message = f"{quote(metadata.namespace)} is not the name of a namespace."
        remedy = 'Use lower case letters, digits and "-", up to 63 characters.'
        found.add(codes.BAD_METADATA, "metadata.namespace", message, remedy)
    found.check_labels("metadata.labels", metadata.labels)
    for key in metadata.annotations:
        if not names.is_label_key(key):
            path = child_path("metadata.annotations", key)
            remedy = 'Use a name such as "note", or "example.com/note".'
            found.add(codes.BAD_METADATA, path, f"{quote(key)} is not an annotation key.", remedy)
        if key in _FORBIDDEN and obj.api_version.partition("/")[0].endswith(_ISTIO):
            path = child_path("metadata.annotations", key)
            found.add(codes.BAD_METADATA, path, f"{quote(key)} {_FORBIDDEN[key]}.", "Remove it.")
    if sum(len(k) + len(v) for k, v in metadata.annotations.items()) > _MOST_ANNOTATION_BYTES:
        found.add(codes.BAD_METADATA, "metadata.annotations", "are larger than 256 KiB.", "Shorten them.")
