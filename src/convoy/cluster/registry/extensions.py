"""Deployments of extensions/v1beta1, which Kubernetes served until 1.15, as apps/v1 ones.

The old version took its selector and labels from the pod template, and kept every revision for ever. Its
default strategy is the one thing left behind: with `maxUnavailable: 1` a single replica went before its
successor was ready, so every restart let callers down. Here it is the default of apps/v1.
"""

from typing import Any

_FOR_EVER = 2**31 - 1
_SPEC_DEFAULTS = {
    "revisionHistoryLimit": _FOR_EVER,
    "progressDeadlineSeconds": _FOR_EVER,
}


def to_apps(deployment: dict[str, Any]) -> dict[str, Any]:
    """The apps/v1 Deployment; `rollbackTo` was an order rather than a wish, and is not kept."""
    spec, metadata = deployment.get("spec"), deployment.get("metadata")
    if not isinstance(spec, dict) or not isinstance(metadata, dict):
        return deployment
    spec = {**_SPEC_DEFAULTS, **{key: value for key, value in spec.items() if key != "rollbackTo"}}
    labels = _template_labels(spec)
    if labels:
        spec.setdefault("selector", {"matchLabels": labels})
        if not metadata.get("labels"):
            metadata = {**metadata, "labels": labels}
    return {**deployment, "metadata": metadata, "spec": spec}


def _template_labels(spec: dict[str, Any]) -> dict[str, str]:
    template = spec.get("template")
    metadata = template.get("metadata") if isinstance(template, dict) else None
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    return labels if isinstance(labels, dict) else {}
