"""Objects as controllers meet them, written as short as YAML would be."""

from itertools import count
from typing import Any

Json = dict[str, Any]
_ages = count()


def owned_by(owner: Json) -> Json:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def stamp() -> str:
    """A creation time later than all before."""
    seconds = next(_ages)
    return f"2030-01-01T{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}Z"


def obj(api_version: str, kind: str, name: str, *, spec: Json | None = None, **metadata: Any) -> Json:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": f"uid-{kind}-{name}",
            "generation": 1,
            "creationTimestamp": stamp(),
            **metadata,
        },
        "spec": spec or {},
        "status": {},
    }


def template(image: str = "web:v1", **labels: str) -> Json:
    return {
        "metadata": {"labels": {"app": "web", **labels}},
        "spec": {"containers": [{"name": "web", "image": image}]},
    }


def deployment(
    name: str = "web",
    *,
    replicas: int = 3,
    surge: Any = "25%",
    unavailable: Any = "25%",
    image: str = "web:v1",
    **spec: Any,
) -> Json:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    return obj(
        "apps/v1",
        "Deployment",
        name,
        spec={
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "strategy": strategy,
            "template": template(image),
            **spec,
        },
    )


def pod(
    name: str, *, ready: bool = True, phase: str = "Running", owner: Json | None = None, **more: Any
) -> Json:
    made = obj("v1", "Pod", name, spec=more.pop("spec", {"nodeName": "node1"}), labels={"app": "web"})
    made["metadata"] |= more
    made["status"] = {
        "phase": phase,
        "conditions": [
            {"type": "Ready", "status": str(ready), "lastTransitionTime": "2030-01-01T00:00:00Z"},
        ],
    }
    if owner is not None:
        made["metadata"]["ownerReferences"] = [owned_by(owner)]
    return made
