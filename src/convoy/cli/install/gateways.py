"""The ingress gateway, as on a real installation, and what lets other clusters in through it."""

from typing import Any

from convoy.cli.install.settings import SYSTEM_NAMESPACE, InstallSettings

Manifest = dict[str, Any]

GATEWAY = "istio-ingressgateway"
_ACCOUNT = f"{GATEWAY}-service-account"
_LABELS = {"app": GATEWAY, "istio": "ingressgateway"}
_PORTS = (
    ("status-port", 15021, 15021),
    ("http2", 80, 8080),
    ("https", 443, 8443),
    ("tcp", 31400, 31400),
    ("tls", 15443, 15443),
)
_NETWORKING = "networking.istio.io/v1alpha3"


def build_gateways(settings: InstallSettings) -> list[Manifest]:
    """Account, Deployment and Service of the gateway."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata(_ACCOUNT)}
    return [account, _deployment(), _service(settings)]


def build_cross_cluster_rules() -> list[Manifest]:
    """TLS on 15443 goes through to the service that its SNI names; `*.global` is called by mutual TLS."""
    gateway = {
        "apiVersion": _NETWORKING,
        "kind": "Gateway",
        "metadata": {"name": "istio-multicluster-ingressgateway", "namespace": SYSTEM_NAMESPACE},
        "spec": {
            "selector": {"istio": "ingressgateway"},
            "servers": [
                {
                    "port": {"number": 15443, "name": "tls", "protocol": "TLS"},
                    "tls": {"mode": "AUTO_PASSTHROUGH"},
                    "hosts": ["*.global"],
                }
            ],
        },
    }
    rule = {
        "apiVersion": _NETWORKING,
        "kind": "DestinationRule",
        "metadata": {"name": "istio-multicluster-destinationrule", "namespace": SYSTEM_NAMESPACE},
        "spec": {"host": "*.global", "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}},
    }
    return [gateway, rule]


def _metadata(name: str) -> Manifest:
    return {"name": name, "namespace": SYSTEM_NAMESPACE, "labels": _LABELS}


def _deployment() -> Manifest:
    container = {
        "name": "istio-proxy",
        "image": "auto",  # injection writes the real one
        "ports": [{"containerPort": target} for _name, _port, target in _PORTS],
    }
    template = {
        "metadata": {
            "labels": {**_LABELS, "sidecar.istio.io/inject": "true"},
            "annotations": {"inject.istio.io/templates": "gateway"},
        },
        "spec": {"serviceAccountName": _ACCOUNT, "containers": [container]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(GATEWAY),
        "spec": {
            "selector": {"matchLabels": _LABELS},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": template,
        },
    }


def _service(settings: InstallSettings) -> Manifest:
    ports = [{"name": name, "port": port, "targetPort": target} for name, port, target in _PORTS]
    spec: Manifest = {"type": "LoadBalancer", "selector": _LABELS, "ports": ports}
    if settings.gateway_address:
        spec["loadBalancerIP"] = settings.gateway_address
    return {"apiVersion": "v1", "kind": "Service", "metadata": _metadata(GATEWAY), "spec": spec}
