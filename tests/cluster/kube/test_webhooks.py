"""A webhook that runs as a pod of the cluster it speaks for, reached over a Service."""

import base64
from typing import Any

import pytest
from tests.cluster.kube.client import KubeApi, RefusedError, is_ready
from tests.kit.certificates import Authority
from tests.kit.waiting import until

pytestmark = [pytest.mark.world, pytest.mark.asyncio(loop_scope="module")]

CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
# Marks every object that it is shown.
PROGRAM = """
import base64, http.server, json, ssl

class Hook(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        patch = [{"op": "add", "path": "/data", "value": {"seen": review["request"]["name"]}}]
        review["response"] = {
            "uid": review["request"]["uid"],
            "allowed": True,
            "patchType": "JSONPatch",
            "patch": base64.b64encode(json.dumps(patch).encode()).decode(),
        }
        body = json.dumps(review).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

server = http.server.ThreadingHTTPServer(("", 8443), Hook)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/certs/tls.crt", "/certs/tls.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


def hook_pod() -> dict[str, Any]:
    container = {
        "name": "hook",
        "image": "test/shell",
        "command": ["python3", "-c", PROGRAM],
        "readinessProbe": {"tcpSocket": {"port": 8443}, "periodSeconds": 1},
        "volumeMounts": [{"name": "certs", "mountPath": "/certs"}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "hook", "namespace": "hooks", "labels": {"app": "hook"}},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [container],
            "volumes": [{"name": "certs", "secret": {"secretName": "certs"}}],
        },
    }


async def make_hook(api: KubeApi, authority: Authority) -> None:
    """Namespace `hooks` with the webhook's certificate, pod and Service."""
    issued = authority.issue(dns=("hook.hooks.svc",))
    data = {"tls.crt": issued.chain_pem.decode(), "tls.key": issued.key_pem.decode()}
    await api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "hooks"}})
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "certs"}, "stringData": data}
    await api.request("POST", "/api/v1/namespaces/hooks/secrets", secret)
    ports = [{"port": 443, "targetPort": 8443}]
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "hook", "namespace": "hooks"},
        "spec": {"selector": {"app": "hook"}, "ports": ports},
    }
    await api.create(service, hook_pod())
    await api.wait("Pod", "hook", is_ready, "hooks")


def configuration(authority: Authority) -> dict[str, Any]:
    bundle = base64.b64encode(authority.root_pem).decode()
    rule = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}
    hook = {
        "name": "hook.example.com",
        "clientConfig": {"service": {"namespace": "hooks", "name": "hook"}, "caBundle": bundle},
        "rules": [rule],
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "timeoutSeconds": 3,
    }
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration"}
    return {**kind, "metadata": {"name": "hook"}, "webhooks": [hook]}


def config_map(name: str, namespace: str = "default") -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


async def seen(api: KubeApi, name: str) -> str:
    """What the webhook wrote into a new object; the way to a pod is there a moment after it is ready."""

    async def create() -> str | None:
        try:
            (made,) = await api.create(config_map(name))
        except RefusedError:
            return None
        return str(made["data"]["seen"])

    return await until(create)


async def test_a_pod_can_be_a_webhook_and_come_back_when_it_died(one: KubeApi) -> None:
    authority = Authority()
    await make_hook(one, authority)
    await one.request("POST", CONFIGURATIONS, configuration(authority))
    try:
        assert await seen(one, "first") == "first"
        await one.delete("Pod", "hook", "hooks")
        with pytest.raises(RefusedError, match="failed calling webhook"):
            await one.create(config_map("second"))
        made, _ = await one.create(config_map("own", "hooks"), hook_pod())
        assert "data" not in made
        await one.wait("Pod", "hook", is_ready, "hooks")
        assert await seen(one, "third") == "third"
    finally:
        await one.request("DELETE", f"{CONFIGURATIONS}/hook")
