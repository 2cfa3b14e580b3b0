"""The spellings of a service's name: short names, qualified names and `.global` names.

The short-name rule is the one of Istio's VirtualService and DestinationRule: a name without a dot is expanded
with the namespace of the object that says it, a name with a dot is taken as it stands. So `reviews.default`
is *not* `reviews.default.svc.cluster.local`, however much it looks like it.
"""

from convoy.api.meta import Hostname, Namespace

GLOBAL_SUFFIX = ".global"


def expand_host(host: str, namespace: str, domain: str) -> Hostname:
    """The host that a rule in `namespace` means, in lower case. Wildcards and addresses stay as they are."""
    lowered = host.lower()
    if "." in lowered or ":" in lowered or lowered.startswith("*"):
        return Hostname(lowered)
    return kube_hostname(lowered, namespace, domain)


def kube_hostname(name: str, namespace: str, domain: str) -> Hostname:
    """The full name of a Kubernetes Service."""
    return Hostname(f"{name}.{namespace}.svc.{domain}")


def global_hostname(name: str, namespace: str) -> Hostname:
    """The name by which other clusters call a service."""
    return Hostname(f"{name}.{namespace}{GLOBAL_SUFFIX}")


def split_global(host: str) -> tuple[str, Namespace] | None:
    """Name and namespace in `<name>.<namespace>.global`; None for any other host."""
    labels = host.split(".")
    if len(labels) != 3 or labels[2] != "global" or not all(labels) or labels[0].startswith("*"):
        return None
    return labels[0], Namespace(labels[1])


def spellings(name: str, namespace: str, *, viewer: str, domain: str) -> tuple[str, ...]:
    """Every way in which a pod in namespace `viewer` may write a Kubernetes Service's name, longest first."""
    qualified = (kube_hostname(name, namespace, domain), f"{name}.{namespace}.svc", f"{name}.{namespace}")
    return (*qualified, name) if viewer == namespace else qualified
