"""The lab's one cluster: its namespaces, pods and Services as manifests, and the certificates in them.

| pod | namespace | sidecar | address | labels | locality |
|---|---|---|---|---|---|
| client | default | yes | 198.18.1.11 | app=client | region1/zone1 |
| echo-v1 | default | yes | 198.18.1.21 | app=echo, version=v1 | region1/zone1 |
| echo-v2 | default | yes | 198.18.1.22 | app=echo, version=v2 | region1/zone2 |
| echo-v3 | default | no | 198.18.1.23 | app=echo, version=v3 | region2/zone3 |
| visitor | other | yes | 198.18.1.31 | app=visitor | region1/zone1 |
| outside | plain | no | 198.18.1.41 | app=outside | |
| istio-ingressgateway | istio-system | a gateway | 198.18.1.3 | istio=ingressgateway | |

Service `echo` (198.18.129.21) selects the three echo pods. Its ports, which the pods have under the same
numbers: 8000 http, 8001 web (protocol unknown), 9000 tcp-lines, 9001 greeter (protocol unknown; the server
speaks first), 7000 grpc, 8443 https, 9100 tcp-proxied, 3128 tcp-tunnel. No Service names 8002 (HTTP) and 9002
(lines). `outside` has HTTP on 80, HTTPS on 443, and 7000, 8000, 9000, 9001, 9100, 3128 as echo; to 9999
nobody can connect (packets are dropped). Nothing selects it.
`client` and `visitor` serve HTTP on 8000, 9000 lines; no Service selects them.

Free for pods of a test: 198.18.1.100 and up, for Services 198.18.129.100 and up.
"""

import base64
from collections.abc import Mapping
from typing import Any

import yaml
from tests.kit.certificates import Authority

from convoy.cli.local.staging import SAMPLES

Manifest = dict[str, Any]

HTTP, AUTO, UNNAMED, GRPC, HTTPS = 8000, 8001, 8002, 7000, 8443
LINES, GREETER, UNNAMED_LINES, PROXIED, TUNNEL, FULL = 9000, 9001, 9002, 9100, 3128, 9999
ECHO_VIP, OUTSIDE = "198.18.129.21", "198.18.1.41"
GATEWAY, GATEWAY_ADDRESS = "istio-ingressgateway", "198.18.1.3"
NAMESPACES = {
    "client": "default",
    "echo-v1": "default",
    "echo-v2": "default",
    "echo-v3": "default",
    "visitor": "other",
    "outside": "plain",
    GATEWAY: "istio-system",
    "istiod": "istio-system",
}
SERVER_NAMES = ("echo", "echo.default.svc.cluster.local", "outside.test", "*.outside.test", "tls.test")

_STREAMS = (f"lines:{LINES}", f"greeter:{GREETER}", f"proxied:{PROXIED}", f"tunnel:{TUNNEL}")
_ECHO = (f"http:{HTTP}", f"http:{AUTO}", f"http:{UNNAMED}", f"grpc:{GRPC}", f"https:{HTTPS}")
_OUTSIDE = (f"full:{FULL}", f"http:{HTTP}", "http:80", "https:443", f"grpc:{GRPC}", *_STREAMS)
_CALLER = (f"http:{HTTP}", f"lines:{LINES}")
_PORTS = {
    "http": HTTP,
    "web": AUTO,
    "grpc": GRPC,
    "https": HTTPS,
    "tcp-lines": LINES,
    "greeter": GREETER,
    "tcp-proxied": PROXIED,
    "tcp-tunnel": TUNNEL,
}
# Beside those of the samples' gateway: Service port and the port that Envoy listens on.
_GATEWAY_PORTS = {"http-alt": (8000, 8000), "tcp": (31400, 31400), "tls-alt": (31443, 31443)}
_REGION, _ZONE = "topology.kubernetes.io/region", "topology.kubernetes.io/zone"


def manifests(authority: Authority) -> list[Manifest]:
    """Everything in the cluster, except the control plane."""
    return [
        *_system(),
        *(_namespace(name, injected=name != "plain") for name in ("default", "other", "plain")),
        *(_certificates(namespace, authority) for namespace in ("default", "plain")),
        *_pod("client", _CALLER, "198.18.1.11", {"app": "client", _REGION: "region1", _ZONE: "zone1"}),
        *_echo("v1", "198.18.1.21", {_REGION: "region1", _ZONE: "zone1"}),
        *_echo("v2", "198.18.1.22", {_REGION: "region1", _ZONE: "zone2"}),
        *_echo("v3", "198.18.1.23", {_REGION: "region2", _ZONE: "zone3", "sidecar.istio.io/inject": "false"}),
        *_pod("visitor", _CALLER, "198.18.1.31", {"app": "visitor", _REGION: "region1", _ZONE: "zone1"}),
        *_pod("outside", _OUTSIDE, OUTSIDE, {"app": "outside"}),
        service("echo", ECHO_VIP, {"app": "echo"}),
    ]


def gateway_ports() -> frozenset[int]:
    """The ports that the gateway's Service has."""
    [found] = [each for each in _system() if (each["kind"], each["metadata"]["name"]) == ("Service", GATEWAY)]
    return frozenset(port["port"] for port in found["spec"]["ports"])


def service(name: str, address: str, selector: Mapping[str, str], *, namespace: str = "default") -> Manifest:
    """A Service with the ports of echoing pods."""
    ports = [{"name": name, "port": port} for name, port in _PORTS.items()]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"clusterIP": address, "selector": dict(selector), "ports": ports},
    }


def echo_pod(
    name: str, address: str, labels: Mapping[str, str], *, namespace: str = "default"
) -> list[Manifest]:
    """A pod that serves as echo's do, with its account; `lab.applied` takes it as `yaml.safe_dump_all`."""
    return _pod(name, (*_ECHO, *_STREAMS, f"lines:{UNNAMED_LINES}"), address, labels, namespace=namespace)


def _echo(version: str, address: str, labels: Mapping[str, str]) -> list[Manifest]:
    return echo_pod(f"echo-{version}", address, {"app": "echo", "version": version, **labels})


def _system() -> list[Manifest]:
    """The samples' gateway with more ports, and without what it has for another cluster."""
    text = (SAMPLES / "cluster1" / "istio-system.yaml").read_text()
    found = [each for each in yaml.safe_load_all(text) if each["apiVersion"] == "v1"]
    for each in found:
        if each["kind"] == "Service" and each["metadata"]["name"] == GATEWAY:
            each["spec"]["ports"] += [
                {"name": name, "port": port, "targetPort": target}
                for name, (port, target) in _GATEWAY_PORTS.items()
            ]
    return [_namespace("istio-system", injected=False), *found]


def _namespace(name: str, *, injected: bool) -> Manifest:
    labels = {"istio-injection": "enabled"} if injected else {}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def _certificates(namespace: str, authority: Authority) -> Manifest:
    issued = authority.issue(dns=SERVER_NAMES)
    files = {"key.pem": issued.key_pem, "chain.pem": issued.chain_pem, "root.pem": authority.root_pem}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "lab-certificates", "namespace": namespace},
        "data": {name: base64.b64encode(content).decode() for name, content in files.items()},
    }


def _pod(
    name: str, serving: tuple[str, ...], address: str, labels: Mapping[str, str], *, namespace: str = ""
) -> list[Manifest]:
    metadata = {"name": name, "namespace": namespace or NAMESPACES[name]}
    container: Manifest = {
        "name": "app",
        "image": "docker.io/istio/examples-bookinfo-details-v1:1.20.3",
        "command": ["python", "-m", "tests.traffic.apps", name],
        "args": list(serving),
        "readinessProbe": {"tcpSocket": {"port": int(serving[-1].partition(":")[2])}, "periodSeconds": 1},
    }
    spec: Manifest = {"serviceAccountName": name, "containers": [container]}
    if any(each.startswith("https") for each in serving):
        spec["volumes"] = [{"name": "certificates", "secret": {"secretName": "lab-certificates"}}]
        container["volumeMounts"] = [{"name": "certificates", "mountPath": "/var/run/secrets/lab"}]
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**metadata, "labels": dict(labels)},
            "spec": spec,
            "status": {"podIP": address},
        },
    ]
