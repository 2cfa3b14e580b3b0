"""What the control plane may do in its cluster, and no more.

It reads what the mesh is made of, checks tokens, writes its own status conditions, root certificates and
webhook trust, and holds its lease. It neither creates nor changes anything of the user's. Secrets are seen
only in namespaces where a role binding says so: its own, and those whose owners let gateways there use them.
"""

from collections.abc import Sequence
from typing import Any

from convoy.cli.install.settings import CONTROL_PLANE, SYSTEM_NAMESPACE

Manifest = dict[str, Any]

_READ = ("get", "list", "watch")
_RBAC = "rbac.authorization.k8s.io"
_ISTIO_GROUPS = ("networking.istio.io", "security.istio.io", "telemetry.istio.io", "extensions.istio.io")
CREDENTIALS_ROLE = f"{CONTROL_PLANE}-credentials"
WEBHOOK_CONFIGURATION = "istio-sidecar-injector"
VALIDATOR_CONFIGURATION = "istio-validator"


def _rule(groups: Sequence[str], resources: Sequence[str], verbs: Sequence[str], *names: str) -> Manifest:
    rule: Manifest = {"apiGroups": list(groups), "resources": list(resources), "verbs": list(verbs)}
    return {**rule, "resourceNames": list(names)} if names else rule


def _cluster_rules() -> list[Manifest]:
    hooks = ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")
    own_hooks = (WEBHOOK_CONFIGURATION, VALIDATOR_CONFIGURATION)
    core = ("namespaces", "nodes", "pods", "services")
    return [
        _rule([""], core, _READ),
        _rule(_ISTIO_GROUPS, ["*"], _READ),
        _rule(_ISTIO_GROUPS, ["*/status"], ("patch", "update")),
        _rule(["apiextensions.k8s.io"], ["customresourcedefinitions"], _READ),
        _rule(["authentication.k8s.io"], ["tokenreviews"], ("create",)),
        _rule(["admissionregistration.k8s.io"], hooks, ("get", "list", "watch", "patch"), *own_hooks),
        # A create cannot be limited by name; everything else of other ConfigMaps stays unseen.
        _rule([""], ["configmaps"], ("create",)),
        _rule([""], ["configmaps"], (*_READ, "patch", "update"), "istio-ca-root-cert"),
    ]


def _role_rules() -> list[Manifest]:
    return [
        _rule(["coordination.k8s.io"], ["leases"], (*_READ, "create", "patch", "update")),
        # The mesh's own configuration.
        _rule([""], ["configmaps"], _READ, "istio"),
    ]


def _credential_rules() -> list[Manifest]:
    # Which ones is for users' objects to say, so no role can name them; the control plane asks by name.
    return [_rule([""], ["secrets", "configmaps"], _READ)]


def _labelled(kind: str, name: str, *, namespace: str = "", **fields: Any) -> Manifest:
    place = {"namespace": namespace} if namespace else {}
    metadata = {"name": name, **place, "labels": {"app": CONTROL_PLANE}}
    return {"apiVersion": f"{_RBAC}/v1", "kind": kind, "metadata": metadata, **fields}


def build_roles() -> list[Manifest]:
    """The control plane's account, roles and bindings."""
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "name": CONTROL_PLANE,
            "namespace": SYSTEM_NAMESPACE,
            "labels": {"app": CONTROL_PLANE},
        },
    }
    subjects = [{"kind": "ServiceAccount", "name": CONTROL_PLANE, "namespace": SYSTEM_NAMESPACE}]
    cluster_role = f"{CONTROL_PLANE}-{SYSTEM_NAMESPACE}"
    return [
        account,
        _labelled("ClusterRole", cluster_role, rules=_cluster_rules()),
        _labelled(
            "ClusterRoleBinding",
            cluster_role,
            roleRef={"apiGroup": _RBAC, "kind": "ClusterRole", "name": cluster_role},
            subjects=subjects,
        ),
        _labelled("ClusterRole", CREDENTIALS_ROLE, rules=_credential_rules()),
        # Of gateways elsewhere, their own namespace's owners decide.
        _labelled(
            "RoleBinding",
            CREDENTIALS_ROLE,
            namespace=SYSTEM_NAMESPACE,
            roleRef={"apiGroup": _RBAC, "kind": "ClusterRole", "name": CREDENTIALS_ROLE},
            subjects=subjects,
        ),
        _labelled("Role", CONTROL_PLANE, namespace=SYSTEM_NAMESPACE, rules=_role_rules()),
        _labelled(
            "RoleBinding",
            CONTROL_PLANE,
            namespace=SYSTEM_NAMESPACE,
            roleRef={"apiGroup": _RBAC, "kind": "Role", "name": CONTROL_PLANE},
            subjects=subjects,
        ),
    ]
