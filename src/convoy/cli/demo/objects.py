"""Bring objects to a cluster as `kubectl apply` does, so that people can go on with kubectl afterwards."""

from collections.abc import Mapping
from typing import Any

import orjson

from convoy.config.errors import KubeError
from convoy.config.kube.client import KubeClient
from convoy.config.kube.resources import NAMESPACES

Object = dict[str, Any]

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


async def apply(client: KubeClient, obj: Object) -> None:
    """Make an object, or make it say what this one says. KubeError."""
    resource = await client.find_resource(obj["apiVersion"], obj["kind"])
    annotated = _annotated(obj)
    try:
        await client.create(resource, annotated)
    except KubeError as error:
        if error.reason != "AlreadyExists":
            raise
        await client.patch(resource, obj["metadata"]["name"], annotated)


async def label_namespace(client: KubeClient, name: str, labels: Mapping[str, str]) -> None:
    """Set labels of a namespace. KubeError."""
    await client.patch(NAMESPACES, name, {"metadata": {"labels": labels}})


def _annotated(obj: Object) -> Object:
    """As kubectl sends it: with what was applied, which its next apply compares with."""
    applied = {**obj, "metadata": {"annotations": {}, **obj["metadata"]}}
    annotations = {_LAST_APPLIED: orjson.dumps(applied).decode() + "\n"}
    return {**obj, "metadata": {**obj["metadata"], "annotations": annotations}}
