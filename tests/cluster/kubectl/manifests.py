"""What the commands read from their standard input: YAML with `$words` for the names of a run."""

from typing import Any

import yaml

Manifest = dict[str, Any]


def documents(*objects: Manifest) -> str:
    """Objects as one YAML text."""
    return yaml.safe_dump_all(objects, sort_keys=False)


def _object(api_version: str, kind: str, name: str, **fields: Any) -> Manifest:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **fields}


def deployment(
    name: str = "$web", *, replicas: Any = 2, image: str = "nginx:1.27", env: str = "", **spec: Any
) -> Manifest:
    """A Deployment whose pods have its name as label `app`; `env` names a second variable."""
    variables = [{"name": each, "value": "1"} for each in ("FIRST", env) if each]
    container = {"name": "web", "image": image, "ports": [{"containerPort": 80}], "env": variables}
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
    }
    whole = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template, **spec}
    return _object("apps/v1", "Deployment", name, spec=whole)


def service() -> Manifest:
    """The Service of the Deployment."""
    ports = [{"name": "http", "port": 80, "targetPort": 80}]
    return _object("v1", "Service", "$web", spec={"selector": {"app": "$web"}, "ports": ports})


def settings() -> list[Manifest]:
    """A ConfigMap and a Secret."""
    return [
        _object("v1", "ConfigMap", "$cm1", data={"colour": "green", "note": "two\nlines\n"}),
        _object("v1", "Secret", "$s1", type="Opaque", stringData={"word": "friend"}),
    ]


def pod() -> Manifest:
    """A pod that counts aloud and answers on port 8080."""
    container = {"name": "c1", "image": "busybox:1.36", "ports": [{"containerPort": 8080}]}
    made = _object("v1", "Pod", "$p1")
    made["metadata"]["labels"] = {"app": "$p1"}
    return {**made, "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]}}


EVERYTHING = documents(deployment(), service(), *settings(), pod())
SETTINGS = documents(*settings())


def old_deployment() -> str:
    """As manifests were written before apps/v1: no selector."""
    made = deployment("$old", replicas=1)
    del made["spec"]["selector"]
    made["apiVersion"] = "extensions/v1beta1"
    made["spec"]["template"]["metadata"]["labels"]["version"] = "v1"
    return documents(made)


def istio(*, host: str = "reviews", subset: str = "v1", route: str = "weight") -> str:
    """Four kinds in three versions; `route` is the name of a field of the VirtualService."""
    destination = {"destination": {"host": host, "subset": subset}, route: 100}
    virtual_service = {"hosts": ["reviews"], "gateways": ["mesh"], "http": [{"route": [destination]}]}
    rule = {"host": "reviews", "subsets": [{"name": "v1", "labels": {"version": "v1"}}]}
    http = {"number": 80, "name": "http", "protocol": "HTTP"}
    entry = {
        "hosts": ["httpbin.org"],
        "ports": [http],
        "resolution": "DNS",
        "location": "MESH_EXTERNAL",
    }
    gateway = {"selector": {"istio": "ingressgateway"}, "servers": [{"port": http, "hosts": ["*"]}]}
    group = "networking.istio.io"
    return documents(
        _object(f"{group}/v1alpha3", "VirtualService", "$reviews", spec=virtual_service),
        _object(f"{group}/v1beta1", "DestinationRule", "$reviews", spec=rule),
        _object(f"{group}/v1", "ServiceEntry", "$httpbin", spec=entry),
        _object(f"{group}/v1alpha3", "Gateway", "$gw", spec=gateway),
    )


def bad_virtual_service() -> str:
    """A VirtualService with a word misspelt."""
    made = next(iter(yaml.safe_load_all(istio(route="wieght"))))
    made["metadata"]["name"] = "$badvs"
    return documents(made)


def ingress_gateway() -> str:
    """A namespace and a load balancer in it."""
    ports = [{"name": "http2", "port": 80, "targetPort": 8080}]
    spec = {"type": "LoadBalancer", "selector": {"app": "istio-ingressgateway"}, "ports": ports}
    made = _object("v1", "Service", "istio-ingressgateway", spec=spec)
    made["metadata"] |= {"namespace": "$ingress", "labels": {"app": "istio-ingressgateway"}}
    return documents(_object("v1", "Namespace", "$ingress"), made)


def applied_config_map(**data: str) -> str:
    """The ConfigMap that is applied on the server's side."""
    return documents(_object("v1", "ConfigMap", "$ssacm", data=data))


def widget_definition() -> str:
    """A custom resource with a column of its own."""
    spec = {"type": "object", "properties": {"size": {"type": "integer", "minimum": 1, "default": 3}}}
    schema = {"type": "object", "properties": {"spec": spec}}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
    }
    names = {"kind": "$kind", "plural": "$plural", "singular": "$singular", "shortNames": ["$short"]}
    definition = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    return documents(
        _object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "$plural.example.com", spec=definition)
    )


def widget() -> str:
    """One of those."""
    return documents(_object("example.com/v1", "$kind", "w1", spec={}))


def pruned(count: int) -> str:
    """ConfigMaps of which those that are missing are to be deleted."""
    made = [_object("v1", "ConfigMap", f"$cm1-{number}") for number in range(count)]
    for each in made:
        each["metadata"]["labels"] = {"p": "$cm1"}
    return documents(*made)


def node() -> str:
    """A node without a kubelet."""
    return documents(_object("v1", "Node", "$node", spec={"podCIDR": "198.18.250.0/24"}))
