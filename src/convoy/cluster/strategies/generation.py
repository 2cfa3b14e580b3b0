"""What the API server itself writes into an object when it is made or changed."""

from typing import Any

from convoy.cluster.machinery.resources import Resource

_COUNTED = {
    "apps/deployments",
    "apps/replicasets",
    "apps/statefulsets",
    "apps/daemonsets",
    "batch/jobs",
    "batch/cronjobs",
    "replicationcontrollers",
    "autoscaling/horizontalpodautoscalers",
    "policy/poddisruptionbudgets",
    "networking.k8s.io/ingresses",
    "networking.k8s.io/networkpolicies",
    "apiextensions.k8s.io/customresourcedefinitions",
    "discovery.k8s.io/endpointslices",
    "admissionregistration.k8s.io/mutatingwebhookconfigurations",
    "admissionregistration.k8s.io/validatingwebhookconfigurations",
}


def has_generation(resource: Resource) -> bool:
    """Whether `metadata.generation` counts changes of what is wanted."""
    return resource.is_custom or resource.storage in _COUNTED


def keeps_status(resource: Resource) -> bool:
    """Whether status is written through the subresource only."""
    return resource.subresource("status") is not None


def generate_selector(obj: dict[str, Any]) -> None:
    """Give a Job without a selector of its own one that only its pods match; needs its uid and name."""
    spec = obj.get("spec") or {}
    if spec.get("manualSelector") or not isinstance(spec.get("template"), dict):
        return
    uid, name = obj["metadata"]["uid"], obj["metadata"]["name"]
    template_meta = spec["template"].setdefault("metadata", {})
    labels = template_meta.get("labels") or {}
    generated = {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }
    template_meta["labels"] = {**labels, **generated}
    if not spec.get("selector"):
        spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
