"""Whether a pod is injected, and with which template.

The rules are Istio's: a refusal by the namespace or the pod wins over a wish by either, and without any
wish nothing happens. The label `sidecar.istio.io/inject` wins over the older annotation of the same name.
Pods on the host's network and pods of the cluster's own namespaces are never touched, and neither are
injected ones.
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
    if pod.spec.host_network or namespace_of(pod, namespace) in _NEVER or is_injected(pod):
        return None
    wishes = (_wish_of_namespace(namespace, revision), _wish_of_pod(pod, revision))
    if False in wishes or True not in wishes:
        return None
    names = [name.strip() for name in pod.metadata.annotations.get(TEMPLATES, "sidecar").split(",")]
    return "gateway" if "gateway" in names else "sidecar"


def is_injected(pod: Pod) -> bool:
    """Whether the pod has a proxy already: one of its own, or one that injection put there."""
    containers = (*pod.spec.containers, *pod.spec.init_containers)
    has_proxy = any(each.name == PROXY and each.image != AUTO_IMAGE for each in containers)
    return has_proxy or STATUS in pod.metadata.annotations


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
