"""The control plane of a cluster: a Deployment and its Service."""

from typing import Any

from convoy.cli.install.settings import CONTROL_PLANE, SYSTEM_NAMESPACE, InstallSettings

Manifest = dict[str, Any]

ADS_PORT, AGENT_PORT, DEBUG_PORT, WEBHOOK_PORT = 15012, 15016, 15014, 15017
CA_SECRET = "cacerts"
CA_MOUNT = "/etc/cacerts"
_LABELS = {"app": CONTROL_PLANE, "istio": "pilot"}


def build_control_plane(settings: InstallSettings) -> list[Manifest]:
    """Namespace is not among them; they stand in it."""
    return [_service(), _deployment(settings)]


def _service() -> Manifest:
    ports = [
        ("grpc-xds", ADS_PORT, ADS_PORT),
        ("https-agent", AGENT_PORT, AGENT_PORT),
        ("https-webhook", 443, WEBHOOK_PORT),
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(),
        "spec": {
            "selector": _LABELS,
            "ports": [{"name": name, "port": port, "targetPort": target} for name, port, target in ports],
        },
    }


def _metadata() -> Manifest:
    return {"name": CONTROL_PLANE, "namespace": SYSTEM_NAMESPACE, "labels": _LABELS}


def _deployment(settings: InstallSettings) -> Manifest:
    template = {
        # The control plane has no sidecar, whatever its namespace says.
        "metadata": {"labels": {**_LABELS, "sidecar.istio.io/inject": "false"}},
        "spec": {
            "serviceAccountName": CONTROL_PLANE,
            "containers": [_container(settings)],
            # Absent, the control plane could not tell who it is: pods wait until the Secret is there.
            "volumes": [{"name": CA_SECRET, "secret": {"secretName": CA_SECRET}}],
            "terminationGracePeriodSeconds": 10,
        },
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(),
        "spec": {
            "replicas": settings.replicas,
            "selector": {"matchLabels": _LABELS},
            # A new one is ready before the old one goes.
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": template,
        },
    }


def _container(settings: InstallSettings) -> Manifest:
    arguments = [
        "--kube",
        *("--cluster-id", settings.cluster_id),
        *("--trust-domain", settings.trust_domain),
        *("--address", "$(POD_IP)"),
        *("--ca-dir", CA_MOUNT),
        *settings.arguments,
    ]
    return {
        "name": "discovery",
        "image": settings.image,
        "args": arguments,
        "env": [
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
        "ports": [
            {"name": "grpc-xds", "containerPort": ADS_PORT},
            {"name": "https-agent", "containerPort": AGENT_PORT},
            {"name": "https-webhook", "containerPort": WEBHOOK_PORT},
        ],
        "readinessProbe": {
            "httpGet": {"path": "/ready", "port": WEBHOOK_PORT, "scheme": "HTTPS"},
            "periodSeconds": 1,
            "failureThreshold": 3,
        },
        "volumeMounts": [{"name": CA_SECRET, "mountPath": CA_MOUNT, "readOnly": True}],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
