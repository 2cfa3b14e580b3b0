"""Which objects a list, a watch or a controller wants: by label and by field."""

from convoy.cluster.store.fields import ANY_FIELDS, FieldSelector, parse_field_selector
from convoy.cluster.store.labels import (
    EVERYTHING,
    NOTHING,
    LabelSelector,
    Requirement,
    label_selector_of,
    label_selector_text,
    labels_of,
    parse_label_selector,
)

__all__ = [
    "ANY_FIELDS",
    "EVERYTHING",
    "NOTHING",
    "FieldSelector",
    "LabelSelector",
    "Requirement",
    "label_selector_of",
    "label_selector_text",
    "labels_of",
    "parse_field_selector",
    "parse_label_selector",
]
