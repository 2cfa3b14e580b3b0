"""Whether a pod is injected, and with which template.

The rules are Istio's: a refusal by the namespace or the pod wins over a wish by either, and without any
wish nothing happens. The label `sidecar.istio.io/inject` wins over the older annotation of the same name.
A label `istio.io/rev` is a wish where it names this control plane's revision, and else nothing: it neither
keeps a labelled namespace's pods out nor makes a control plane of another name take them.

Pods on the host's network and pods of the cluster's own namespaces are never touched, and neither are those
that have a proxy.
"""

from typing import Literal

from convoy.api.kube.core import Namespace, Pod

Template = Literal["sidecar", "gateway"]

INJECT = "sidecar.istio.io/inject"
TEMPLATES = "inject.istio.io/templates"
STATUS = "sidecar.istio.io/status"
REVISION = "istio.io/rev"
NAMESPACE_INJECTION = "istio-injection"
PROXY = "istio-proxy"
AUTO_IMAGE = "auto"
_NEVER = frozenset({"kube-system", "kube-public", "kube-node-lease"})


def choose_template(pod: Pod, namespace: Namespace | None, *, revision: str) -> Template | None:
    """The template for a pod, or None when it stays as it is."""
    if (
        is_injected(pod)
        or not wants_proxy(pod, namespace, revision=revision)
        or find_obstacle(pod, namespace)
    ):
        return None
    return "gateway" if "gateway" in templates_of(pod) else "sidecar"


def wants_proxy(pod: Pod, namespace: Namespace | None, *, revision: str) -> bool:
    """Whether the pod is to have a proxy, by what it and its namespace say."""
    wishes = (_wish_of_namespace(namespace, revision), _wish_of_pod(pod, revision))
    return True in wishes and False not in wishes


def find_obstacle(pod: Pod, namespace: Namespace | None) -> str:
    """Why a pod cannot have a proxy, as the end of a sentence; empty when it can."""
    if pod.spec.host_network:
        return "it is on the network of its node, where capturing connections would catch those of others"
    if namespace_of(pod, namespace) in _NEVER:
        return "its namespace belongs to the cluster itself"
    if pod.spec.os.get("name", "linux") != "linux":
        return "it does not run on Linux"
    if is_injected(pod) and STATUS not in pod.metadata.annotations:
        return f"it has a container {PROXY} of its own"
    return ""


def templates_of(pod: Pod) -> list[str]:
    """The templates that a pod names, by annotation or by label."""
    metadata = pod.metadata
    names = metadata.annotations.get(TEMPLATES) or metadata.labels.get(TEMPLATES) or "sidecar"
    return [name.strip() for name in names.split(",")]


def is_injected(pod: Pod) -> bool:
    """Whether the pod has a proxy already: one of its own, or one that injection put there."""
    containers = (*pod.spec.containers, *pod.spec.init_containers)
    return any(each.name == PROXY and each.image != AUTO_IMAGE for each in containers)


def namespace_of(pod: Pod, namespace: Namespace | None) -> str:
    """The name of the pod's namespace; a manifest may leave it out."""
    return pod.metadata.namespace or (namespace.metadata.name if namespace else "") or "default"


def _wish_of_namespace(namespace: Namespace | None, revision: str) -> bool | None:
    labels = namespace.metadata.labels if namespace else {}
    wish = {"enabled": True, "disabled": False}.get(labels.get(NAMESPACE_INJECTION, ""))
    return True if wish is None and labels.get(REVISION) == revision else wish


def _wish_of_pod(pod: Pod, revision: str) -> bool | None:
    value = pod.metadata.labels.get(INJECT) or pod.metadata.annotations.get(INJECT, "")
    wish = {"true": True, "false": False}.get(value.lower())
    return True if wish is None and pod.metadata.labels.get(REVISION) == revision else wish
