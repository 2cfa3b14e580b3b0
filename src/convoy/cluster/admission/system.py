"""Where a webhook that cannot be reached stops nothing, whatever its failurePolicy says.

A control plane that is down must be able to come back: its pods, and the nodes that they run on, are written
through the very webhooks that it serves (docs/decisions/013-webhooks-and-system-namespaces.md).
"""

from convoy.cluster.admission.hooks import Hook
from convoy.cluster.admission.matching import namespace_of
from convoy.cluster.machinery.admission import AdmissionRequest

SYSTEM_NAMESPACES = frozenset({"istio-system", "kube-node-lease", "kube-public", "kube-system"})


def may_pass_unasked(hook: Hook, request: AdmissionRequest) -> bool:
    """Whether a request goes on when a webhook that must be asked cannot be."""
    if request.resource.storage == "nodes":
        return True
    namespace = namespace_of(request)
    if namespace in SYSTEM_NAMESPACES:
        return True
    service = hook.endpoint.service
    return service is not None and namespace == service.namespace
