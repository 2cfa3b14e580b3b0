"""What a cluster of the local mesh is given to run: its own objects, injected, and the control plane's pod.

Pure. The control plane is an ordinary pod without a sidecar; what it needs reaches it as on a real cluster:
the intermediate CA as the Secret `cacerts`, the issuer's public keys and the root certificate as ConfigMaps.
Its configuration is the cluster's folder, mounted read-only.
"""

import base64
import ipaddress
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from convoy.api.base import ApiObject
from convoy.api.kube.core import ConfigMap, Namespace, Pod, Secret, Service, ServiceAccount
from convoy.config.view import ConfigView

Manifest = dict[str, Any]

SYSTEM_NAMESPACE = "istio-system"
CONTROL_PLANE = "istiod"
CONFIG_MOUNT = "/var/run/convoy/config"
CA_MOUNT = "/var/run/secrets/cacerts"
KEYS_MOUNT = "/var/run/secrets/issuer"
KEYS_FILE = "jwks.json"
RUN_KINDS: tuple[type[ApiObject], ...] = (Namespace, ServiceAccount, ConfigMap, Secret, Service, Pod)


def run_objects(view: ConfigView) -> list[ApiObject]:
    """The objects of a view that a cluster itself runs, in the order in which it needs them."""
    return [obj for kind in RUN_KINDS for obj in view.all(kind)]


def manifests_of(view: ConfigView) -> list[Manifest]:
    """The same as manifests."""
    return [*map(to_manifest, run_objects(view))]


def to_manifest(obj: msgspec.Struct) -> Manifest:
    """An API object as plain data with its JSON names."""
    plain: Manifest = msgspec.to_builtins(obj)
    return plain


def namespaces_of(manifests: Iterable[Manifest]) -> list[str]:
    """Every namespace that is named or used, sorted."""
    named = {m["metadata"]["name"] for m in manifests if m["kind"] == "Namespace"}
    used = {m["metadata"]["namespace"] for m in manifests if m["metadata"].get("namespace")}
    return sorted(named | used | {SYSTEM_NAMESPACE})


def root_certificates(namespaces: Iterable[str], roots_pem: str) -> list[Manifest]:
    """The ConfigMap that every pod's proxy checks the control plane against, in each namespace."""
    return [
        _config_map(namespace, "istio-ca-root-cert", {"root-cert.pem": roots_pem}) for namespace in namespaces
    ]


def control_plane_manifests(
    *,
    cluster_id: str,
    address: str,
    folder: Path,
    cacerts: Mapping[str, bytes],
    jwks: Mapping[str, Any],
    arguments: list[str],
) -> list[Manifest]:
    """The Secret, the ConfigMap and the pod of one cluster's control plane."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "cacerts", "namespace": SYSTEM_NAMESPACE},
        "data": {name: base64.b64encode(data).decode() for name, data in cacerts.items()},
    }
    keys = _config_map(SYSTEM_NAMESPACE, "service-account-issuer", {KEYS_FILE: json.dumps(dict(jwks))})
    return [secret, keys, _control_plane_pod(cluster_id, address, folder, arguments)]


def free_pod_address(pod_cidr: str, taken: Iterable[str]) -> str:
    """The first address of a pod range that neither a pod nor the range's own router (.1) has."""
    used = set(taken)
    hosts = ipaddress.ip_network(pod_cidr).hosts()
    next(hosts)
    return next(str(host) for host in hosts if str(host) not in used)


def _config_map(namespace: str, name: str, data: dict[str, str]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }


def _control_plane_pod(cluster_id: str, address: str, folder: Path, arguments: list[str]) -> Manifest:
    container = {
        "name": "discovery",
        "image": "convoy/pilot",
        "args": [
            *("--cluster-id", cluster_id, "--address", "$(POD_IP)", "--config-dir", CONFIG_MOUNT),
            *("--ca-dir", CA_MOUNT, "--token-keys", f"{KEYS_MOUNT}/{KEYS_FILE}"),
            *arguments,
        ],
        "env": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
        "readinessProbe": {
            "httpGet": {"path": "/ready", "port": 15014, "host": "127.0.0.1"},
            "periodSeconds": 1,
        },
        "volumeMounts": [
            {"name": "config", "mountPath": CONFIG_MOUNT, "readOnly": True},
            {"name": "cacerts", "mountPath": CA_MOUNT, "readOnly": True},
            {"name": "issuer", "mountPath": KEYS_MOUNT, "readOnly": True},
        ],
    }
    volumes = [
        {"name": "config", "hostPath": {"path": str(folder)}},
        {"name": "cacerts", "secret": {"secretName": "cacerts"}},
        {"name": "issuer", "configMap": {"name": "service-account-issuer"}},
    ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": CONTROL_PLANE, "namespace": SYSTEM_NAMESPACE, "labels": {"app": CONTROL_PLANE}},
        "spec": {"serviceAccountName": CONTROL_PLANE, "containers": [container], "volumes": volumes},
        "status": {"podIP": address},
    }
