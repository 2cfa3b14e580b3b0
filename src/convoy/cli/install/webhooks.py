"""How the API server asks the control plane: to inject pods, and whether the mesh's objects are right.

Which pods are injected follows Istio's own selectors: the pod's label decides, and without one the
namespace's label `istio-injection=enabled` does.
"""

import base64
from typing import Any

from convoy.cli.install.roles import VALIDATOR_CONFIGURATION, WEBHOOK_CONFIGURATION
from convoy.cli.install.settings import CONTROL_PLANE, SYSTEM_NAMESPACE, InstallSettings

Manifest = dict[str, Any]

_GROUP = "admissionregistration.k8s.io/v1"
_INJECT = "sidecar.istio.io/inject"
_NAMESPACE_LABEL = "istio-injection"
_EXCEPT = ["kube-system", "kube-public", "kube-node-lease"]
_MESH_RULE: Manifest = {
    "apiGroups": ["networking.istio.io", "security.istio.io", "telemetry.istio.io", "extensions.istio.io"],
    "apiVersions": ["*"],
    "resources": ["*"],
    "operations": ["CREATE", "UPDATE"],
}


def build_webhooks(settings: InstallSettings) -> list[Manifest]:
    """The mutating and the validating configuration."""
    authority = base64.b64encode(settings.roots_pem.encode()).decode()
    return [_injector(authority), _validator(authority)]


def _client(authority: str, path: str) -> Manifest:
    service = {"name": CONTROL_PLANE, "namespace": SYSTEM_NAMESPACE, "path": path, "port": 443}
    return {"service": service, "caBundle": authority}


def _hook(name: str, authority: str, path: str, rules: list[Manifest], **selectors: Manifest) -> Manifest:
    return {
        "name": name,
        "clientConfig": _client(authority, path),
        "rules": rules,
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 10,
        **selectors,
    }


def _injector(authority: str) -> Manifest:
    rules = [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}]
    by_namespace = _hook(
        "namespace.sidecar-injector.istio.io", authority, "/inject", rules,
        namespaceSelector=_expressions((_NAMESPACE_LABEL, "In", ["enabled"])),
        objectSelector=_expressions((_INJECT, "NotIn", ["false"])),
    )  # fmt: skip
    by_pod = _hook(
        "object.sidecar-injector.istio.io", authority, "/inject", rules,
        namespaceSelector=_expressions(
            (_NAMESPACE_LABEL, "DoesNotExist", None), ("kubernetes.io/metadata.name", "NotIn", _EXCEPT)
        ),
        objectSelector=_expressions((_INJECT, "In", ["true"])),
    )  # fmt: skip
    # Changes nothing: it says what is wrong before the API server refuses it without a remedy.
    schema = _hook("schema.validation.istio.io", authority, "/validate-schema", [_MESH_RULE])
    return _configuration(
        "MutatingWebhookConfiguration", WEBHOOK_CONFIGURATION, [by_namespace, by_pod, schema]
    )


def _validator(authority: str) -> Manifest:
    hook = _hook("validation.istio.io", authority, "/validate", [_MESH_RULE])
    return _configuration("ValidatingWebhookConfiguration", VALIDATOR_CONFIGURATION, [hook])


def _configuration(kind: str, name: str, hooks: list[Manifest]) -> Manifest:
    metadata = {"name": name, "labels": {"app": CONTROL_PLANE}}
    return {"apiVersion": _GROUP, "kind": kind, "metadata": metadata, "webhooks": hooks}


def _expressions(*items: tuple[str, str, list[str] | None]) -> Manifest:
    return {
        "matchExpressions": [
            {"key": key, "operator": operator, **({"values": values} if values else {})}
            for key, operator, values in items
        ]
    }
