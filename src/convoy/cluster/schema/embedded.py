"""Whole objects inside custom resources (`x-kubernetes-embedded-resource`): they must say what they are."""

import re
from typing import Any, Final

from convoy.cluster.machinery.statuses import Cause
from convoy.cluster.schema import wording
from convoy.cluster.schema.decoding import check_types
from convoy.cluster.schema.nodes import Schema

_LABEL: Final = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
LABEL_RULE: Final = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for "
    "validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)


def is_label(text: str) -> bool:
    """Whether a text is a label as RFC 1035 has it, of at most 63 characters."""
    return len(text) <= 63 and _LABEL.fullmatch(text) is not None


def label_faults(text: str) -> list[str]:
    """Why a text is not such a label, in Kubernetes' words."""
    faults = [] if len(text) <= 63 else ["must be no more than 63 bytes"]
    return faults if _LABEL.fullmatch(text) else [*faults, LABEL_RULE]


def validate_embedded(schema: Schema, value: Any, path: str = "") -> list[Cause]:
    """Causes for embedded objects without apiVersion or kind, or with metadata that is none."""
    causes: list[Cause] = []
    if isinstance(value, dict):
        if schema.is_embedded:
            causes += _validate_object(schema, value, path)
        for name, item in value.items():
            if (named := schema.fields.get(name)) is not None:
                causes += validate_embedded(named, item, wording.child(path, name))
            elif schema.values is not None:
                causes += validate_embedded(schema.values, item, wording.key(path, name))
    elif isinstance(value, list) and schema.items is not None:
        for index, item in enumerate(value):
            causes += validate_embedded(schema.items, item, f"{path}[{index}]")
    return causes


def _validate_object(schema: Schema, value: dict[str, Any], path: str) -> list[Cause]:
    causes = [
        wording.required(wording.child(path, name), "must not be empty")
        for name in ("apiVersion", "kind")
        if name not in value
    ]
    for name in ("apiVersion", "kind"):
        text = value.get(name, "x")
        if not isinstance(text, str):
            causes.append(wording.invalid(wording.child(path, name), text, "must be a string"))
        elif not text:
            causes.append(wording.invalid(wording.child(path, name), text, "must not be empty"))
    kind, api_version = value.get("kind"), value.get("apiVersion")
    if isinstance(kind, str) and kind and (faults := label_faults(kind.lower())):
        why = "may have mixed case, but should otherwise match: " + ",".join(faults)
        causes.append(wording.invalid(wording.child(path, "kind"), kind, why))
    if isinstance(api_version, str) and api_version.count("/") > 1:
        why = f"unexpected GroupVersion string: {api_version}"
        causes.append(wording.invalid(wording.child(path, "apiVersion"), api_version, why))
    metadata = value.get("metadata")
    if metadata is not None and (fault := check_types(schema.fields["metadata"], metadata)):
        causes.append(wording.invalid(wording.child(path, "metadata"), metadata, fault))
    return causes
