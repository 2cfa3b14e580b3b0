"""Objects that several tests of Gateways apply, written as short as they can be."""

import base64
from collections.abc import Mapping
from typing import Any

import yaml
from tests.kit.certificates import Issued
from tests.traffic import world
from tests.traffic.configuring import CLUSTER
from tests.traffic.lab import Lab

from convoy.ca.identity import Identity
from convoy.ca.issuers import issue_workload
from convoy.ca.keys import build_csr, key_to_pem, new_key

Json = dict[str, Any]

TLS_PORT = 31443
TCP_PORT = 31400
PEM = Mapping[str, bytes]


def gateway(*servers: Json, name: str = "tested", namespace: str = "istio-system", **spec: Any) -> str:
    """A Gateway for the lab's ingress gateway."""
    spec = {"selector": {"istio": "ingressgateway"}, "servers": list(servers), **spec}
    return _istio("Gateway", name, namespace, spec)


def server(protocol: str, *hosts: str, port: int = 0, name: str = "", **more: Any) -> Json:
    """A server, on the port that fits its protocol; `tls` and the rest as in the API."""
    number = port or {"HTTPS": TLS_PORT, "TLS": TLS_PORT, "TCP": TCP_PORT, "MONGO": TCP_PORT}.get(
        protocol, 80
    )
    label = name or f"{protocol.lower()}-{number}"
    port_of = {"number": number, "name": label, "protocol": protocol}
    return {"port": port_of, "hosts": list(hosts) or ["*"], **more}


def https(*hosts: str, port: int = TLS_PORT, name: str = "", **tls: Any) -> Json:
    """A server for requests inside TLS; SIMPLE unless the mode is said."""
    return server("HTTPS", *hosts, port=port, name=name, tls={"mode": "SIMPLE", **tls})


def route(
    *hosts: str, to: str = "echo", port: int = world.HTTP, gateways: tuple[str, ...] = (), **more: Any
) -> str:
    """A VirtualService that sends all requests for hosts through the gateway to a service."""
    return rules("http", [{"route": [_destination(to, port)]}], *hosts, gateways=gateways, **more)


def tcp_route(
    *hosts: str, to: str = "echo", port: int = world.LINES, gateways: tuple[str, ...] = (), **more: Any
) -> str:
    """The same for connections."""
    return rules("tcp", [{"route": [_destination(to, port)]}], *hosts, gateways=gateways, **more)


def tls_route(sni: str, *, to: str = "echo", port: int = world.HTTPS, **more: Any) -> str:
    """The same for TLS connections of one SNI, unopened."""
    rule = {"match": [{"sniHosts": [sni]}], "route": [_destination(to, port)]}
    return rules("tls", [rule], sni, **more)


def rules(
    field: str,
    listed: list[Json],
    *hosts: str,
    name: str = "tested",
    namespace: str = "default",
    gateways: tuple[str, ...] = (),
) -> str:
    """A VirtualService bound to the tested Gateway, or to those that are named."""
    bound = list(gateways or ("istio-system/tested",))
    spec = {"hosts": list(hosts) or ["*"], "gateways": bound, field: listed}
    return _istio("VirtualService", name, namespace, spec)


def subsets() -> str:
    """Subsets v1, v2 and v3 of echo."""
    listed = [{"name": version, "labels": {"version": version}} for version in ("v1", "v2", "v3")]
    return _istio("DestinationRule", "echo", "default", {"host": "echo", "subsets": listed})


def secret(name: str, files: PEM, *, namespace: str = "istio-system") -> str:
    """A Secret with these keys."""
    data = {key: base64.b64encode(content).decode() for key, content in files.items()}
    metadata = {"name": name, "namespace": namespace}
    return yaml.safe_dump({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})


def config_map(name: str, files: PEM, *, namespace: str = "istio-system") -> str:
    """A ConfigMap with these keys."""
    data = {key: content.decode() for key, content in files.items()}
    metadata = {"name": name, "namespace": namespace}
    return yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


def pair(issued: Issued, *, root: bytes = b"") -> dict[str, bytes]:
    """The keys of a Secret of type kubernetes.io/tls, with roots if they are given."""
    files = {"tls.crt": issued.chain_pem, "tls.key": issued.key_pem}
    return {**files, "ca.crt": root} if root else files


def workload(lab: Lab) -> tuple[bytes, bytes]:
    """Key and chain of a workload of the mesh."""
    key = new_key()
    issuer = lab.local.clusters[CLUSTER].intermediate
    issued = issue_workload(issuer, build_csr(key), identity=Identity("cluster.local", "default", "client"))
    return key_to_pem(key).reveal(), b"".join(issued.chain_pem)


def _destination(host: str, port: int) -> Json:
    full = host if "." in host else f"{host}.default.svc.cluster.local"
    return {"destination": {"host": full, "port": {"number": port}}}


def _istio(kind: str, name: str, namespace: str, spec: Json) -> str:
    return yaml.safe_dump(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": kind,
            "metadata": {"name": name, "namespace": namespace},
            "spec": spec,
        }
    )
