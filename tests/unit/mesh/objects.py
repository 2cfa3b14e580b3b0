"""Objects for tests of the mesh: builders that give YAML, and the way from YAML to a snapshot.

Everything passes the reader and the validation of the API, so a test cannot use what users cannot write.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from convoy.api.base import ApiObject
from convoy.api.meta import ClusterID, Hostname, Namespace
from convoy.api.problems import Problem
from convoy.api.reading import read_objects
from convoy.config.view import ConfigView, build_view
from convoy.mesh.model import (
    HostRoutes,
    MeshSettings,
    MeshSnapshot,
    RouteRule,
    SidecarView,
    Upstream,
    UpstreamKey,
)
from convoy.mesh.snapshot import build_snapshot

BOOKINFO = Path(__file__).parents[3] / "samples" / "bookinfo"
SETTINGS = MeshSettings(cluster_id=ClusterID("cluster1"))

Object = dict[str, Any]


def kube(kind: str, name: str, spec: Object, *, namespace: str = "default", **more: Any) -> Object:
    """A core/v1 object; `labels`, `annotations`, `age` go into its metadata, the rest beside spec."""
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": _metadata(name, namespace, more),
        "spec": spec,
    } | more


def istio(kind: str, name: str, spec: Object, *, namespace: str = "default", **more: Any) -> Object:
    """An object of one of Istio's kinds."""
    group = "security" if kind == "PeerAuthentication" else "networking"
    version = f"{group}.istio.io/v1beta1"
    return {"apiVersion": version, "kind": kind, "metadata": _metadata(name, namespace, more), "spec": spec}


def _metadata(name: str, namespace: str, more: Object) -> Object:
    metadata: Object = {"name": name, "namespace": namespace}
    for field in ("labels", "annotations"):
        if field in more:
            metadata[field] = more.pop(field)
    age = more.pop("age", None)
    if age is not None:
        # The larger, the older.
        metadata["creationTimestamp"] = f"2026-01-01T00:{59 - age:02}:00Z"
    return metadata


def service(name: str, *ports: Object | int, namespace: str = "default", **more: Any) -> Object:
    """A Service of the pods with label `app: <name>`; a bare number is an HTTP port. `spec` adds to it."""
    listed = [{"name": f"http-{port}", "port": port} if isinstance(port, int) else port for port in ports]
    spec = {"ports": listed, "selector": {"app": name}, **more.pop("spec", {})}
    return kube("Service", name, spec, namespace=namespace, **more)


def pod(name: str, address: str, *, app: str = "", namespace: str = "default", **more: Any) -> Object:
    """A pod with a sidecar; `account`, `labels`, `sidecar=False` change it, `status` and `spec` add to it."""
    labels = {"app": app or name, **more.pop("labels", {})}
    if more.pop("sidecar", True):
        labels["security.istio.io/tlsMode"] = "istio"
    spec = {
        "serviceAccountName": more.pop("account", app or name),
        "containers": [{"name": "app", "image": "app"}],
        **more.pop("spec", {}),
    }
    status = {"podIP": address, **more.pop("status", {})}
    return kube("Pod", name, spec, namespace=namespace, labels=labels, status=status, **more)


def gateway_pod(
    name: str = "gateway", address: str = "198.18.1.3", *, namespace: str = "istio-system", **more: Any
) -> Object:
    """A gateway, of the label `istio: <name>`."""
    annotations = {"inject.istio.io/templates": "gateway"}
    spec = {"containers": [{"name": "istio-proxy", "image": "auto"}], **more.pop("spec", {})}
    return kube(
        "Pod",
        name,
        spec,
        namespace=namespace,
        labels={"istio": name},
        annotations=annotations,
        status={"podIP": address},
        **more,
    )


def gateway(
    name: str, *servers: Object, namespace: str = "istio-system", selects: str = "gateway", **more: Any
) -> Object:
    """A Gateway for the gateway pod of that name."""
    spec = {"selector": {"istio": selects}, "servers": list(servers)}
    return istio("Gateway", name, spec, namespace=namespace, **more)


def http_server(*hosts: str, port: int = 80, name: str = "http") -> Object:
    """A plain HTTP server."""
    return {"port": {"number": port, "name": name, "protocol": "HTTP"}, "hosts": list(hosts)}


def passthrough_server(*hosts: str, port: int = 15443) -> Object:
    """A server for other clusters."""
    return {
        "port": {"number": port, "name": "tls", "protocol": "TLS"},
        "tls": {"mode": "AUTO_PASSTHROUGH"},
        "hosts": list(hosts),
    }


def entry(host: str, *, port: int = 9080, namespace: str = "default", **spec: Any) -> Object:
    """A ServiceEntry inside the mesh with DNS resolution and an HTTP port named http; `spec` overrides."""
    more = {field: spec.pop(field) for field in ("age", "labels") if field in spec}
    name = spec.pop("name", host.replace("*", "any").replace(".", "-"))
    full = {
        "hosts": [host],
        "location": "MESH_INTERNAL",
        "resolution": "DNS",
        "ports": [{"number": port, "name": "http", "protocol": "HTTP"}],
        **spec,
    }
    return istio("ServiceEntry", name, full, namespace=namespace, **more)


def remote(address: str, **more: Any) -> Object:
    """An endpoint at another cluster's gateway."""
    return {"address": address, "ports": {"http": 15443}, "labels": {"cluster": "cluster2"}, **more}


def destination_rule(name: str, host: str, *, namespace: str = "default", **spec: Any) -> Object:
    """A DestinationRule; `subsets` may be a mapping of names to labels, `tls` a mode."""
    more = {field: spec.pop(field) for field in ("age", "labels") if field in spec}
    subsets = spec.pop("subsets", {})
    listed = [{"name": one, "labels": labels} for one, labels in subsets.items()]
    tls = spec.pop("tls", None)
    full: Object = {"host": host, **({"subsets": listed} if listed else {}), **spec}
    if tls:
        full["trafficPolicy"] = {**full.get("trafficPolicy", {}), "tls": {"mode": tls}}
    return istio("DestinationRule", name, full, namespace=namespace, **more)


def virtual_service(name: str, host: str | list[str], *http: Object, **more: Any) -> Object:
    """A VirtualService with these HTTP rules; `gateways` and `export_to` are fields of its spec."""
    spec: Object = {"hosts": [host] if isinstance(host, str) else host, "http": list(http)}
    for field, written in (("gateways", "gateways"), ("export_to", "exportTo")):
        if field in more:
            spec[written] = more.pop(field)
    return istio("VirtualService", name, spec, **more)


def to(*targets: str | tuple[str, str] | tuple[str, str, int], **rule: Any) -> Object:
    """A rule that sends to hosts, (host, subset) or (host, subset, weight); other fields by keyword."""
    return {"route": [_route(target) for target in targets], **rule}


def _route(target: str | tuple[str, str] | tuple[str, str, int]) -> Object:
    parts = (target,) if isinstance(target, str) else target
    host, subset, weight = parts + ("", 0)[len(parts) - 1 :]
    destination = {"host": host, **({"subset": subset} if subset else {})}
    return {"destination": destination, **({"weight": weight} if weight else {})}


def peer_authentication(name: str, mode: str | None, *, namespace: str = "default", **spec: Any) -> Object:
    """A PeerAuthentication; `selects` is an app's name, `ports` modes by port."""
    more = {field: spec.pop(field) for field in ("age",) if field in spec}
    full: Object = {"mtls": {"mode": mode}} if mode else {}
    if "selects" in spec:
        full["selector"] = {"matchLabels": {"app": spec["selects"]}}
    if "ports" in spec:
        full["portLevelMtls"] = {port: {"mode": one} for port, one in spec["ports"].items()}
    return istio("PeerAuthentication", name, full, namespace=namespace, **more)


def parse(*objects: Object) -> list[ApiObject]:
    """The objects as the API reads them; AssertionError when it refuses one."""
    return [obj for one in objects for obj in _read(json.dumps(one))]


@cache
def _read(text: str) -> tuple[ApiObject, ...]:
    reading = read_objects(text.encode(), file="test.yaml")
    refused = [problem for problem in reading.all_problems() if problem.is_error]
    assert not refused, "\n".join(map(str, refused))
    return tuple(one.obj for one in reading.objects if one.obj is not None)


def view(*objects: Object, number: int = 1) -> ConfigView:
    """A view of these objects."""
    return build_view(number, parse(*objects))


def resolve(
    *objects: Object, settings: MeshSettings = SETTINGS, previous: MeshSnapshot | None = None
) -> MeshSnapshot:
    """The snapshot of these objects."""
    return build_snapshot(view(*objects), settings, previous)[0]


def problems(*objects: Object, settings: MeshSettings = SETTINGS) -> tuple[Problem, ...]:
    """What is wrong between these objects."""
    return build_snapshot(view(*objects), settings)[1]


def codes(found: Iterable[Problem]) -> list[str]:
    """The codes alone."""
    return [problem.code.id for problem in found]


def sidecars(snapshot: MeshSnapshot, namespace: str = "default") -> SidecarView:
    """The only sidecar view of a namespace."""
    (found,) = (one for key, one in snapshot.sidecar_views.items() if key.namespace == namespace)
    return found


def upstream(
    snapshot: MeshSnapshot, host: str, port: int = 9080, subset: str = "", *, namespace: str = "default"
) -> Upstream:
    """An upstream of a namespace's sidecars."""
    wanted = UpstreamKey(Hostname(host), port, subset)
    (found,) = (one for one in sidecars(snapshot, namespace).upstreams if one.key == wanted)
    return found


def routes(snapshot: MeshSnapshot, host: str, port: int = 9080, *, namespace: str = "default") -> HostRoutes:
    """The routes of one host in a namespace's sidecars."""
    (found,) = (
        one
        for ports in sidecars(snapshot, namespace).http
        if ports.port == port
        for one in ports.hosts
        if one.host == host
    )
    return found


def shares(rule: RouteRule) -> dict[tuple[str, str], int]:
    """Weights by (host, subset)."""
    return {(one.key.hostname, one.key.subset): one.weight for one in rule.destinations}


def names(snapshot: MeshSnapshot, namespace: str = "default") -> Mapping[str, tuple[str, ...]]:
    """The name table of a namespace."""
    return snapshot.names[Namespace(namespace)]


def bookinfo(cluster: str, *, replaced: Mapping[str, str] | None = None) -> list[Object]:
    """The sample's objects of a cluster, pods injected; `replaced` swaps files for those of networking/."""
    found = []
    for file in sorted((BOOKINFO / cluster).glob("*.yaml")):
        other = (replaced or {}).get(file.name)
        path = BOOKINFO / "networking" / other if other else file
        found += [_injected(one) for one in yaml.safe_load_all(path.read_text()) if one]
    return found


def _injected(one: Object) -> Object:
    if one["kind"] == "Pod" and one["metadata"].get("namespace", "default") == "default":
        one["metadata"].setdefault("labels", {})["security.istio.io/tlsMode"] = "istio"
    return one
