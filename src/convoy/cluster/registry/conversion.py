"""The same object in the versions that are asked for and the one that is kept.

Versions differ in `apiVersion` alone, but for two that Kubernetes itself converts: HorizontalPodAutoscalers
of autoscaling/v1 and Deployments of extensions/v1beta1.
"""

from collections.abc import Callable
from typing import Any

from convoy.cluster.machinery.resources import Resource
from convoy.cluster.registry import autoscalers, extensions

Convert = Callable[[dict[str, Any]], dict[str, Any]]

_TO_KEPT: dict[tuple[str, str], Convert] = {
    ("autoscaling/v1", "horizontalpodautoscalers"): autoscalers.from_v1,
    ("extensions/v1beta1", "deployments"): extensions.to_apps,
}
_TO_SHOWN: dict[tuple[str, str], Convert] = {
    ("autoscaling/v1", "horizontalpodautoscalers"): autoscalers.to_v1,
}


def to_kept(resource: Resource, obj: dict[str, Any]) -> dict[str, Any]:
    """An object that was sent as `resource`, in the version in which it is kept; may share parts."""
    if resource.api_version == resource.stored_api_version:
        return obj
    convert = _TO_KEPT.get((resource.api_version, resource.plural))
    converted = convert(obj) if convert else obj
    return {**converted, "apiVersion": resource.stored_api_version}


def to_shown(resource: Resource, obj: dict[str, Any]) -> dict[str, Any]:
    """A kept object in the version of `resource`; may share parts."""
    if resource.api_version == resource.stored_api_version:
        return obj
    convert = _TO_SHOWN.get((resource.api_version, resource.plural))
    converted = convert(obj) if convert else obj
    return {**converted, "apiVersion": resource.api_version}
