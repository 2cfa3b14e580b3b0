"""Which printer prints which kind."""

from convoy.cluster.apiserver.tables import access, networking, nodes, settings, volumes, workloads
from convoy.cluster.apiserver.tables.columns import NAME, Column, Printer, printer
from convoy.cluster.apiserver.tables.pods import POD
from convoy.cluster.machinery.resources import Resource

_CREATED = Column("Created At", "When the object was created.", type="date")

# What has no columns of its own: Roles, LimitRanges, CustomResourceDefinitions, ...
GENERAL = printer(NAME, (_CREATED, lambda obj, now: obj["metadata"].get("creationTimestamp") or "<unknown>"))

_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"

_PRINTERS: dict[tuple[str, str], Printer] = {
    ("", "ComponentStatus"): nodes.COMPONENT_STATUS,
    ("", "ConfigMap"): settings.CONFIG_MAP,
    ("", "Endpoints"): networking.ENDPOINTS,
    ("", "Event"): nodes.EVENT,
    ("", "Namespace"): nodes.NAMESPACE,
    ("", "Node"): nodes.NODE,
    ("", "PersistentVolume"): volumes.PERSISTENT_VOLUME,
    ("", "PersistentVolumeClaim"): volumes.PERSISTENT_VOLUME_CLAIM,
    ("", "Pod"): POD,
    ("", "PodTemplate"): workloads.POD_TEMPLATE,
    ("", "ReplicationController"): workloads.REPLICATION_CONTROLLER,
    ("", "ResourceQuota"): settings.RESOURCE_QUOTA,
    ("", "Secret"): settings.SECRET,
    ("", "Service"): networking.SERVICE,
    ("", "ServiceAccount"): access.SERVICE_ACCOUNT,
    (_ADMISSION, "MutatingWebhookConfiguration"): access.WEBHOOKS,
    (_ADMISSION, "ValidatingWebhookConfiguration"): access.WEBHOOKS,
    ("apps", "ControllerRevision"): workloads.CONTROLLER_REVISION,
    ("apps", "DaemonSet"): workloads.DAEMON_SET,
    ("apps", "Deployment"): workloads.DEPLOYMENT,
    ("apps", "ReplicaSet"): workloads.REPLICA_SET,
    ("apps", "StatefulSet"): workloads.STATEFUL_SET,
    ("autoscaling", "HorizontalPodAutoscaler"): settings.AUTOSCALER,
    ("autoscaling", "Scale"): settings.SCALE,
    ("batch", "CronJob"): workloads.CRON_JOB,
    ("batch", "Job"): workloads.JOB,
    ("certificates.k8s.io", "CertificateSigningRequest"): access.SIGNING_REQUEST,
    ("coordination.k8s.io", "Lease"): nodes.LEASE,
    ("discovery.k8s.io", "EndpointSlice"): networking.ENDPOINT_SLICE,
    ("events.k8s.io", "Event"): nodes.NEW_EVENT,
    ("extensions", "Deployment"): workloads.DEPLOYMENT,
    ("networking.k8s.io", "Ingress"): networking.INGRESS,
    ("networking.k8s.io", "IngressClass"): networking.INGRESS_CLASS,
    ("networking.k8s.io", "NetworkPolicy"): networking.NETWORK_POLICY,
    ("node.k8s.io", "RuntimeClass"): nodes.RUNTIME_CLASS,
    ("policy", "PodDisruptionBudget"): settings.DISRUPTION_BUDGET,
    (_RBAC, "ClusterRoleBinding"): access.ROLE_BINDING,
    (_RBAC, "RoleBinding"): access.ROLE_BINDING,
    ("scheduling.k8s.io", "PriorityClass"): nodes.PRIORITY_CLASS,
    ("storage.k8s.io", "CSIDriver"): volumes.CSI_DRIVER,
    ("storage.k8s.io", "StorageClass"): volumes.STORAGE_CLASS,
}


def find_printer(resource: Resource) -> Printer:
    """The printer of a built-in resource."""
    return _PRINTERS.get((resource.group, resource.kind), GENERAL)
