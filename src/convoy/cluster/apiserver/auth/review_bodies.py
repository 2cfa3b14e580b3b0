"""Fields of a review's body, of the types they must have; StatusError 400 says which one has another."""

from collections.abc import Mapping
from typing import Any

from convoy.cluster.apiserver.dependencies import Review
from convoy.cluster.machinery.statuses import bad_request


def spec_of(review: Review) -> dict[str, Any]:
    """The spec; empty when there is none."""
    return mapping_of(review.body, "spec")


def mapping_of(parent: Mapping[str, Any], field: str) -> dict[str, Any]:
    """An object; empty when there is none."""
    value = parent.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise bad_request(f"{field} must be an object")
    return value


def text_of(parent: Mapping[str, Any], field: str) -> str:
    """A string; empty when there is none."""
    value = parent.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise bad_request(f"{field} must be a string")
    return value


def texts_of(parent: Mapping[str, Any], field: str) -> list[str]:
    """A list of strings; empty when there is none."""
    value = parent.get(field)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise bad_request(f"{field} must be a list of strings")
    return value
