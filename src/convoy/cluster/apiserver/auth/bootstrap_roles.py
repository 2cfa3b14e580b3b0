"""The ClusterRoles and bindings that every cluster has.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings
"""

from collections.abc import Sequence
from typing import Any

AUTO_UPDATE = "rbac.authorization.kubernetes.io/autoupdate"

_GROUP = "rbac.authorization.k8s.io"
_MENDED = {AUTO_UPDATE: "true"}
_AGGREGATE = f"{_GROUP}/aggregate-to-"
_READ = ("get", "list", "watch")
_WRITE = ("create", "delete", "deletecollection", "patch", "update")

_WORKLOADS = ("daemonsets", "deployments", "replicasets", "statefulsets")
_SCALED = ("deployments/scale", "replicasets/scale", "statefulsets/scale")
_CORE_SHOWN = (
    "configmaps", "endpoints", "events", "limitranges", "persistentvolumeclaims", "pods", "pods/log",
    "pods/status", "replicationcontrollers", "replicationcontrollers/scale", "resourcequotas",
    "serviceaccounts", "services", "services/status",
)  # fmt: skip
_CORE_EDITED = (
    "configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "replicationcontrollers/scale",
    "secrets", "serviceaccounts", "services",
)  # fmt: skip
_POD_STREAMS = ("pods/attach", "pods/exec", "pods/portforward", "pods/proxy")
_DISCOVERY_PATHS = ("/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*")
_PUBLIC_PATHS = ("/healthz", "/livez", "/readyz", "/version", "/version/")
_KEYS_PATHS = ("/.well-known/openid-configuration", "/openid/v1/jwks")

Object = dict[str, Any]


def _rule(groups: Sequence[str], resources: Sequence[str], verbs: Sequence[str]) -> Object:
    return {"apiGroups": list(groups), "resources": list(resources), "verbs": list(verbs)}


def _paths(paths: Sequence[str], verbs: Sequence[str] = ("get",)) -> Object:
    return {"nonResourceURLs": list(paths), "verbs": list(verbs)}


def _role(name: str, *rules: Object, labels: dict[str, str] | None = None) -> Object:
    bootstrap = {"kubernetes.io/bootstrapping": "rbac-defaults", **(labels or {})}
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name, "labels": bootstrap, "annotations": _MENDED},
        "rules": list(rules),
    }


def _binding(name: str, *subjects: tuple[str, str]) -> Object:
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {
            "name": name,
            "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
            "annotations": _MENDED,
        },
        "roleRef": {"apiGroup": _GROUP, "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": kind, "name": subject, "apiGroup": _GROUP} for kind, subject in subjects],
    }


def _view_rules() -> list[Object]:
    return [
        _rule([""], _CORE_SHOWN, _READ),
        _rule([""], ["namespaces"], _READ),
        _rule(["apps"], [*_WORKLOADS, *_SCALED, "controllerrevisions"], _READ),
        _rule(["batch"], ["cronjobs", "jobs"], _READ),
        _rule(["autoscaling"], ["horizontalpodautoscalers"], _READ),
        _rule(["policy"], ["poddisruptionbudgets"], _READ),
        _rule(["networking.k8s.io"], ["ingresses", "networkpolicies"], _READ),
        _rule(["discovery.k8s.io"], ["endpointslices"], _READ),
    ]


def _edit_rules() -> list[Object]:
    return [
        _rule([""], ["secrets"], _READ),
        _rule([""], _POD_STREAMS, ("create", "get")),
        _rule([""], _CORE_EDITED, _WRITE),
        _rule([""], ["events", "pods/eviction", "serviceaccounts/token"], ("create",)),
        _rule([""], ["serviceaccounts"], ("impersonate",)),
        _rule(["apps"], [*_WORKLOADS, *_SCALED, "deployments/rollback"], _WRITE),
        _rule(["batch"], ["cronjobs", "jobs"], _WRITE),
        _rule(["autoscaling"], ["horizontalpodautoscalers"], _WRITE),
        _rule(["policy"], ["poddisruptionbudgets"], _WRITE),
        _rule(["networking.k8s.io"], ["ingresses", "networkpolicies"], _WRITE),
        _rule(["coordination.k8s.io"], ["leases"], (*_READ, *_WRITE)),
    ]


def _admin_rules() -> list[Object]:
    return [
        _rule([_GROUP], ["rolebindings", "roles"], (*_READ, *_WRITE)),
        _rule(["authorization.k8s.io"], ["localsubjectaccessreviews"], ("create",)),
    ]


def _aggregated(name: str, parts: Sequence[str], rules: list[Object], into: str = "") -> Object:
    """A role whose rules are gathered from others by label; the rules are what these are at first."""
    labels = {f"{_AGGREGATE}{into}": "true"} if into else {}
    role = _role(name, *rules, labels=labels)
    selectors = [{"matchLabels": {f"{_AGGREGATE}{part}": "true"}} for part in parts]
    return {**role, "aggregationRule": {"clusterRoleSelectors": selectors}}


def _user_roles() -> list[Object]:
    view, edit, admin = _view_rules(), _edit_rules(), _admin_rules()
    return [
        _aggregated("admin", ["admin"], [*admin, *edit, *view]),
        _aggregated("edit", ["edit"], [*edit, *view], into="admin"),
        _aggregated("view", ["view"], view, into="edit"),
        _role("system:aggregate-to-admin", *admin, labels={f"{_AGGREGATE}admin": "true"}),
        _role("system:aggregate-to-edit", *edit, labels={f"{_AGGREGATE}edit": "true"}),
        _role("system:aggregate-to-view", *view, labels={f"{_AGGREGATE}view": "true"}),
    ]


def bootstrap_roles() -> list[Object]:
    """Every default ClusterRole."""
    reviews = ("selfsubjectaccessreviews", "selfsubjectrulesreviews")
    return [
        _role("cluster-admin", _rule(["*"], ["*"], ["*"]), _paths(["*"], ["*"])),
        *_user_roles(),
        _role("system:discovery", _paths((*_DISCOVERY_PATHS, *_PUBLIC_PATHS))),
        _role("system:public-info-viewer", _paths(_PUBLIC_PATHS)),
        _role(
            "system:basic-user",
            _rule(["authorization.k8s.io"], reviews, ("create",)),
            _rule(["authentication.k8s.io"], ["selfsubjectreviews"], ("create",)),
        ),
        _role("system:service-account-issuer-discovery", _paths(_KEYS_PATHS)),
        _role(
            "system:auth-delegator",
            _rule(["authentication.k8s.io"], ["tokenreviews"], ("create",)),
            _rule(["authorization.k8s.io"], ["subjectaccessreviews"], ("create",)),
        ),
    ]


def bootstrap_bindings() -> list[Object]:
    """Every default ClusterRoleBinding."""
    authenticated, anonymous = ("Group", "system:authenticated"), ("Group", "system:unauthenticated")
    return [
        _binding("cluster-admin", ("Group", "system:masters")),
        _binding("system:discovery", authenticated),
        _binding("system:public-info-viewer", authenticated, anonymous),
        _binding("system:basic-user", authenticated),
        _binding("system:service-account-issuer-discovery", ("Group", "system:serviceaccounts")),
    ]
