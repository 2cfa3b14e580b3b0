"""Run a new pod as a service account, with its token where clients look for it; pure.

https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#serviceaccount-admission-controller
"""

from typing import Any

from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import StatusError, forbidden
from convoy.cluster.registry.metadata import random_suffix

Object = dict[str, Any]

DEFAULT = "default"
MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
ROOT_CERTIFICATES = "kube-root-ca.crt"
_VOLUME_PREFIX = "kube-api-access-"
_TOKEN_SECONDS = 3607  # an hour and a bit, by which Kubernetes tells these from tokens that a user asks for
_READABLE_BY_ALL = 0o644
_CONTAINERS = ("initContainers", "containers")


def account_name(pod: Object) -> str:
    """The account that a pod asks for; both spellings of the field count."""
    spec = pod["spec"]
    return spec.get("serviceAccountName") or spec.get("serviceAccount") or DEFAULT


def missing_account(resource: Resource, pod: Object, namespace: str) -> StatusError:
    """403: there is no such account."""
    account = account_name(pod)
    why = f'error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
    return forbidden(resource, pod["metadata"]["name"], why)


def with_account(pod: Object, account: Object) -> Object:
    """The pod with the account's name, pull secrets and, unless one of the two declines, its token."""
    name = account["metadata"]["name"]
    spec = {**pod["spec"], "serviceAccountName": name, "serviceAccount": name}
    if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
        spec["imagePullSecrets"] = account["imagePullSecrets"]
    if _wants_token(spec, account):
        spec = _with_token(spec)
    return {**pod, "spec": spec}


def _wants_token(spec: Object, account: Object) -> bool:
    by_pod = spec.get("automountServiceAccountToken")
    return bool(account.get("automountServiceAccountToken", True) if by_pod is None else by_pod)


def _with_token(spec: Object) -> Object:
    volumes = spec.get("volumes") or []
    present = next(
        (each["name"] for each in volumes if each.get("name", "").startswith(_VOLUME_PREFIX)), None
    )
    volume = present or _VOLUME_PREFIX + random_suffix()
    mounted = {
        kind: [_mounted(each, volume) for each in spec[kind]] for kind in _CONTAINERS if spec.get(kind)
    }
    if all(mounted[kind] == spec[kind] for kind in mounted):
        return spec
    return {**spec, **mounted, "volumes": volumes if present else [*volumes, _token_volume(volume)]}


def _mounted(container: Object, volume: str) -> Object:
    mounts = container.get("volumeMounts") or []
    if any(mount.get("mountPath") == MOUNT_PATH for mount in mounts):
        return container
    mount = {"name": volume, "readOnly": True, "mountPath": MOUNT_PATH}
    return {**container, "volumeMounts": [*mounts, mount]}


def _token_volume(name: str) -> Object:
    sources = [
        {"serviceAccountToken": {"expirationSeconds": _TOKEN_SECONDS, "path": "token"}},
        {"configMap": {"name": ROOT_CERTIFICATES, "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {
            "downwardAPI": {
                "items": [
                    {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
                ]
            }
        },
    ]
    return {"name": name, "projected": {"sources": sources, "defaultMode": _READABLE_BY_ALL}}
