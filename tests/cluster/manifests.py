"""Manifests as a person would write them, for clusters under test."""

from typing import Any

Manifest = dict[str, Any]


def container(name: str = "app", image: str = "test/web", **fields: Any) -> Manifest:
    """A container; by default the web program that tells about itself on port 8080."""
    return {"name": name, "image": image, **fields}


def shell(script: str, name: str = "app", **fields: Any) -> Manifest:
    """A container that runs a shell script."""
    return container(name, "test/shell", command=["sh", "-c", script], **fields)


def pod(name: str, *containers: Manifest, address: str = "", **spec: Any) -> Manifest:
    """A pod labelled with its own name as `app`."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": name.partition("-")[0]}},
        "spec": {"terminationGracePeriodSeconds": 2, "containers": list(containers) or [container()], **spec},
        "status": {"podIP": address} if address else {},
    }


def service(name: str, *, port: int = 80, target: int | str = 8080, **spec: Any) -> Manifest:
    """A Service that selects the pods whose label `app` is its name."""
    ports = [{"name": "http", "port": port, "targetPort": target}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"app": name}, "ports": ports, **spec},
    }


def load_balancer(name: str, address: str, **fields: Any) -> Manifest:
    """A Service that other clusters reach at `address`."""
    made = service(name, type="LoadBalancer", **fields)
    return {**made, "status": {"loadBalancer": {"ingress": [{"ip": address}]}}}


def http_probe(path: str = "/", **fields: Any) -> Manifest:
    """A probe of the web program."""
    return {"httpGet": {"path": path, "port": 8080}, "periodSeconds": 1, **fields}
