"""The built-in resources, in discovery order: kubectl prefers what comes first.

Names, short names, categories and subresources are those of Kubernetes 1.32's discovery documents.
`extensions/v1beta1` Deployments are apps/v1 ones under an old name, for manifests of that time; they come
last and without short names, so that `kubectl get deploy` means apps/v1.
"""

from typing import Any

from convoy.cluster.machinery.resources import ALL_VERBS, Resource, Subresource

_ALL = ("all",)
_SCALE = Subresource("scale", "autoscaling/v1", "Scale")
_CREATE_ONLY = ("create",)
_NO_WATCH = ("get", "list")


def _status(api_version: str, kind: str) -> Subresource:
    return Subresource("status", api_version, kind)


def _core(plural: str, kind: str, *short: str, namespaced: bool = True, **more: Any) -> Resource:
    return _kind("", "v1", plural, kind, *short, namespaced=namespaced, **more)


def _kind(
    group: str,
    version: str,
    plural: str,
    kind: str,
    *short: str,
    namespaced: bool = True,
    status: bool = False,
    scale: bool = False,
    others: tuple[Subresource, ...] = (),
    categories: tuple[str, ...] = (),
    verbs: tuple[str, ...] = ALL_VERBS,
    storage_version: str = "",
    storage_group: str | None = None,
) -> Resource:
    api_version = f"{group}/{version}" if group else version
    return Resource(
        group=group,
        version=version,
        plural=plural,
        kind=kind,
        namespaced=namespaced,
        singular=kind.lower(),
        short_names=short,
        categories=categories,
        verbs=verbs,
        subresources=(
            *((_status(api_version, kind),) if status else ()),
            *((_SCALE,) if scale else ()),
            *others,
        ),
        storage_version=storage_version,
        storage_group=storage_group,
    )


def _stream(name: str, kind: str) -> Subresource:
    return Subresource(name, "v1", kind, ("create", "get"))


_POD = (
    Subresource("attach", "v1", "PodAttachOptions", ("create", "get")),
    Subresource("binding", "v1", "Binding", _CREATE_ONLY),
    Subresource("ephemeralcontainers", "v1", "Pod"),
    Subresource("eviction", "policy/v1", "Eviction", _CREATE_ONLY),
    _stream("exec", "PodExecOptions"),
    Subresource("log", "v1", "Pod", ("get",)),
    _stream("portforward", "PodPortForwardOptions"),
)
_TOKEN = (Subresource("token", "authentication.k8s.io/v1", "TokenRequest", _CREATE_ONLY),)
_FINALIZE = (Subresource("finalize", "v1", "Namespace", ("update",)),)
_APPROVAL = (Subresource("approval", "certificates.k8s.io/v1", "CertificateSigningRequest"),)

CORE = (
    _core("bindings", "Binding", verbs=_CREATE_ONLY),
    _core("componentstatuses", "ComponentStatus", "cs", namespaced=False, verbs=_NO_WATCH),
    _core("configmaps", "ConfigMap", "cm"),
    _core("endpoints", "Endpoints", "ep"),
    _core("events", "Event", "ev"),
    _core("limitranges", "LimitRange", "limits"),
    _core("namespaces", "Namespace", "ns", namespaced=False, status=True, others=_FINALIZE),
    _core("nodes", "Node", "no", namespaced=False, status=True),
    _core("persistentvolumeclaims", "PersistentVolumeClaim", "pvc", status=True),
    _core("persistentvolumes", "PersistentVolume", "pv", namespaced=False, status=True),
    _core("pods", "Pod", "po", status=True, others=_POD, categories=_ALL),
    _core("podtemplates", "PodTemplate"),
    _core("replicationcontrollers", "ReplicationController", "rc", status=True, scale=True, categories=_ALL),
    _core("resourcequotas", "ResourceQuota", "quota", status=True),
    _core("secrets", "Secret"),
    _core("serviceaccounts", "ServiceAccount", "sa", others=_TOKEN),
    _core("services", "Service", "svc", status=True, categories=_ALL),
)

_RBAC = "rbac.authorization.k8s.io"
_REVIEWS = "authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"

GROUPS = (
    _kind("apps", "v1", "controllerrevisions", "ControllerRevision"),
    _kind("apps", "v1", "daemonsets", "DaemonSet", "ds", status=True, categories=_ALL),
    _kind("apps", "v1", "deployments", "Deployment", "deploy", status=True, scale=True, categories=_ALL),
    _kind("apps", "v1", "replicasets", "ReplicaSet", "rs", status=True, scale=True, categories=_ALL),
    _kind("apps", "v1", "statefulsets", "StatefulSet", "sts", status=True, scale=True, categories=_ALL),
    _kind(
        "authentication.k8s.io",
        "v1",
        "selfsubjectreviews",
        "SelfSubjectReview",
        namespaced=False,
        verbs=_CREATE_ONLY,
    ),
    _kind("authentication.k8s.io", "v1", "tokenreviews", "TokenReview", namespaced=False, verbs=_CREATE_ONLY),
    _kind(
        "authentication.k8s.io",
        "v1beta1",
        "selfsubjectreviews",
        "SelfSubjectReview",
        namespaced=False,
        verbs=_CREATE_ONLY,
    ),
    _kind(_REVIEWS, "v1", "localsubjectaccessreviews", "LocalSubjectAccessReview", verbs=_CREATE_ONLY),
    _kind(
        _REVIEWS,
        "v1",
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
        namespaced=False,
        verbs=_CREATE_ONLY,
    ),
    _kind(
        _REVIEWS,
        "v1",
        "selfsubjectrulesreviews",
        "SelfSubjectRulesReview",
        namespaced=False,
        verbs=_CREATE_ONLY,
    ),
    _kind(
        _REVIEWS, "v1", "subjectaccessreviews", "SubjectAccessReview", namespaced=False, verbs=_CREATE_ONLY
    ),
    _kind(
        "autoscaling",
        "v2",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        "hpa",
        status=True,
        categories=_ALL,
    ),
    _kind(
        "autoscaling",
        "v1",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        "hpa",
        status=True,
        categories=_ALL,
        storage_version="v2",
    ),
    _kind("batch", "v1", "cronjobs", "CronJob", "cj", status=True, categories=_ALL),
    _kind("batch", "v1", "jobs", "Job", status=True, categories=_ALL),
    _kind(
        "certificates.k8s.io",
        "v1",
        "certificatesigningrequests",
        "CertificateSigningRequest",
        "csr",
        namespaced=False,
        status=True,
        others=_APPROVAL,
    ),
    _kind("networking.k8s.io", "v1", "ingressclasses", "IngressClass", namespaced=False),
    _kind("networking.k8s.io", "v1", "ingresses", "Ingress", "ing", status=True),
    _kind("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", "netpol"),
    _kind("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", "pdb", status=True),
    _kind(_RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False),
    _kind(_RBAC, "v1", "clusterroles", "ClusterRole", namespaced=False),
    _kind(_RBAC, "v1", "rolebindings", "RoleBinding"),
    _kind(_RBAC, "v1", "roles", "Role"),
    _kind("storage.k8s.io", "v1", "csidrivers", "CSIDriver", namespaced=False),
    _kind("storage.k8s.io", "v1", "storageclasses", "StorageClass", "sc", namespaced=False),
    _kind(
        _ADMISSION, "v1", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", namespaced=False
    ),
    _kind(
        _ADMISSION,
        "v1",
        "validatingwebhookconfigurations",
        "ValidatingWebhookConfiguration",
        namespaced=False,
    ),
    _kind(
        "apiextensions.k8s.io",
        "v1",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        "crd",
        "crds",
        namespaced=False,
        status=True,
        categories=("api-extensions",),
    ),
    _kind("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", "pc", namespaced=False),
    _kind("coordination.k8s.io", "v1", "leases", "Lease"),
    _kind("node.k8s.io", "v1", "runtimeclasses", "RuntimeClass", namespaced=False),
    _kind("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
)

ALIASES = (
    _kind(
        "extensions",
        "v1beta1",
        "deployments",
        "Deployment",
        status=True,
        scale=True,
        storage_group="apps",
        storage_version="v1",
    ),
)

BUILTIN = (*CORE, *GROUPS, *ALIASES)
