"""Bookinfo's two clusters with more in them: echoing pods with and without sidecars, and links between them.

| cluster | pod | sidecar | reached as |
|---|---|---|---|
| cluster1 | echo.default | yes | Service echo, and headless as echo-each |
| cluster1 | outsider.plain | no | Service outsider.plain |
| cluster2 | far.default | yes | far.default.global |
| cluster2 | naked.plain | no | a Service only; nobody may come from outside |
| cluster2 | inner.other | yes | inner.other.global |

Ports: 8000 HTTP, 8001 HTTP on a port of unknown protocol, 9000 lines, 9001 a server that speaks first on a
port of unknown protocol, and 8002 (HTTP) and 9002 (lines) that no Service names.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

# What every module marks its tests with that shares the playground with the others.
MARKS = [
    pytest.mark.world,
    pytest.mark.envoy,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="session"),
]
ROOT = Path(__file__).parents[2]
HTTP, AUTO, LINES, GREETER, UNNAMED, UNNAMED_LINES = 8000, 8001, 9000, 9001, 8002, 9002
FAR_VIPS = ("240.0.0.31", "127.255.0.31")
GATEWAY2 = "198.19.0.12"

_PORTS = """\
  - {name: http, port: 8000}
  - {name: web, port: 8001}
  - {name: tcp-lines, port: 9000}
  - {name: greeter, port: 9001}
"""

_INGRESS = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: echo-from-outside, namespace: default}
spec:
  hosts: [echo.test]
  gateways: [bookinfo-gateway]
  http:
  - route: [{destination: {host: echo, port: {number: 8000}}}]
"""


def write_samples(bookinfo: Path, folder: Path) -> Path:
    """A folder of samples: Bookinfo's, and the playground's objects beside them."""
    shutil.copytree(bookinfo, folder, symlinks=False)
    (folder / "cluster1" / "playground.yaml").write_text(
        "---\n".join(
            [
                _pod("echo", "default", "198.18.1.31"),
                _service("echo", "default", "198.18.129.31", app="echo"),
                _service("echo-each", "default", "None", app="echo"),
                _namespace("plain"),
                _pod("outsider", "plain", "198.18.1.41"),
                _service("outsider", "plain", "198.18.129.41", app="outsider"),
                service_entry("far", "default", FAR_VIPS),
                service_entry("inner", "other", ("240.0.0.43",)),
                _INGRESS,
            ]
        )
    )
    (folder / "cluster2" / "playground.yaml").write_text(
        "---\n".join(
            [
                _pod("far", "default", "198.18.2.31"),
                _service("far", "default", "198.18.130.31", app="far"),
                _namespace("plain"),
                _pod("naked", "plain", "198.18.2.42"),
                _service("naked", "plain", "198.18.130.42", app="naked"),
                _namespace("other", {"istio-injection": "enabled"}),
                _pod("inner", "other", "198.18.2.43"),
                _service("inner", "other", "198.18.130.43", app="inner"),
            ]
        )
    )
    return folder


def service_entry(name: str, namespace: str, vips: tuple[str, ...]) -> str:
    """A service of cluster2, declared in cluster1."""
    return f"""\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {name}-{namespace}, namespace: default}}
spec:
  hosts: [{name}.{namespace}.global]
  location: MESH_INTERNAL
  addresses: [{", ".join(vips)}]
  resolution: STATIC
  ports:
  - {{name: http, number: 8000, protocol: HTTP}}
  - {{name: web, number: 8001, protocol: HTTP}}
  - {{name: lines, number: 9000, protocol: TCP}}
  - {{name: greeter, number: 9001, protocol: TCP}}
  endpoints:
  - {{address: {GATEWAY2}, ports: {{http: 15443, web: 15443, lines: 15443, greeter: 15443}}}}
"""


def peer_authentication(
    mode: str,
    *,
    namespace: str = "default",
    app: str = "",
    ports: Mapping[int, str] | None = None,
) -> str:
    """A PeerAuthentication; an empty mode leaves `mtls` out."""
    spec: dict[str, object] = {}
    if app:
        spec["selector"] = {"matchLabels": {"app": app}}
    if mode:
        spec["mtls"] = {"mode": mode}
    if ports:
        spec["portLevelMtls"] = {str(port): {"mode": own} for port, own in ports.items()}
    policy = {
        "apiVersion": "security.istio.io/v1",
        "kind": "PeerAuthentication",
        "metadata": {"name": app or "all", "namespace": namespace},
        "spec": spec,
    }
    return json.dumps(policy) + "\n"


def destination_rule(host: str, tls: str, *, more: str = "") -> str:
    """A DestinationRule with a TLS mode; `more` is added inside `tls`."""
    name = host.replace(".", "-")
    return f"""\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: {name}, namespace: default}}
spec:
  host: {host}
  trafficPolicy: {{tls: {{mode: {tls}{more}}}}}
"""


def _namespace(name: str, labels: Mapping[str, str] | None = None) -> str:
    listed = ", ".join(f"{key}: {value}" for key, value in (labels or {}).items())
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{listed}}}}}\n"


def _pod(name: str, namespace: str, address: str) -> str:
    serving = (f"http:{HTTP}", f"http:{AUTO}", f"http:{UNNAMED}")
    talking = (f"lines:{LINES}", f"greeter:{GREETER}", f"lines:{UNNAMED_LINES}")
    return f"""\
apiVersion: v1
kind: ServiceAccount
metadata: {{name: {name}, namespace: {namespace}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: {namespace}, labels: {{app: {name}}}}}
spec:
  serviceAccountName: {name}
  containers:
  - name: app
    image: docker.io/istio/examples-bookinfo-details-v1:1.20.3
    command: [python, tests/e2e/echo_app.py, {name}]
    args: [{", ".join(f'"{each}"' for each in (*serving, *talking))}]
    readinessProbe: {{httpGet: {{path: /seen, port: {HTTP}}}, periodSeconds: 1}}
status: {{podIP: {address}}}
"""


def _service(name: str, namespace: str, address: str, *, app: str) -> str:
    return f"""\
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  clusterIP: {address}
  selector: {{app: {app}}}
  ports:
{_PORTS}"""
