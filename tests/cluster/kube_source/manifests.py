"""Objects to put into a cluster: those of the samples and of the golden cases, and random ones, some bad."""

import random
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from convoy.api.kinds import BY_NAME

ROOT = Path(__file__).parents[3]
Json = dict[str, Any]

# What a static pod's status says is told by the kubelet of a cluster.
READY = [{"type": "Ready", "status": "True"}, {"type": "PodScheduled", "status": "True"}]
NOT_READY = [{"type": "Ready", "status": "False", "lastTransitionTime": "2030-01-01T00:00:00Z"}]


@cache
def written() -> tuple[Json, ...]:
    """Every object of a kind that Convoy reads in the repository's own manifests; of one name the first."""
    files = [
        *sorted((ROOT / "samples").rglob("*.yaml")),
        *sorted((ROOT / "tests/golden").rglob("input.yaml")),
    ]
    found: dict[tuple[str, str, str], Json] = {}
    for file in files:
        for obj in yaml.safe_load_all(file.read_text()):
            if isinstance(obj, dict) and obj.get("kind") in BY_NAME:
                obj["metadata"].setdefault("namespace", "default")
                found.setdefault(key_of(obj), obj)
    return tuple(found.values())


def key_of(obj: Json) -> tuple[str, str, str]:
    """Kind, namespace and name."""
    namespace = obj["metadata"].get("namespace", "") if BY_NAME[obj["kind"]].namespaced else ""
    return obj["kind"], namespace, obj["metadata"]["name"]


def generated(chance: random.Random) -> Json:
    """A random object of a few names, so that it is often another version of one that is there already."""
    return chance.choice((_rule, _destination_rule, _service, _entry))(chance)


def _istio(kind: str, chance: random.Random, name: str, spec: Json) -> Json:
    version = chance.choice(BY_NAME[kind].api_versions)
    metadata: Json = {"name": name, "namespace": chance.choice(("default", "shop"))}
    if chance.random() < 0.3:
        metadata["annotations"] = {"note": str(chance.random())}
    if chance.random() < 0.1:
        spec["nonsense"] = chance.randint(0, 9)
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def _rule(chance: random.Random) -> Json:
    host = chance.choice(("reviews", "ratings", "details.default.svc.cluster.local", "not a host"))
    share = chance.choice((0, 20, 80, 100, -5))
    routes = [
        {"destination": {"host": host, "subset": "v1"}, "weight": share},
        {"destination": {"host": host}, "weight": 100 - share},
    ]
    spec = {
        "hosts": [host],
        "http": [{"name": "r", "timeout": chance.choice(("3s", "oops")), "route": routes}],
    }
    return _istio("VirtualService", chance, f"rule-{chance.randint(0, 3)}", spec)


def _destination_rule(chance: random.Random) -> Json:
    subsets = [{"name": name, "labels": {"version": name}} for name in ("v1", "v2")[: chance.randint(0, 2)]]
    spec = {"host": chance.choice(("reviews", "ratings", "")), "subsets": subsets}
    return _istio("DestinationRule", chance, f"destination-{chance.randint(0, 3)}", spec)


def _entry(chance: random.Random) -> Json:
    port = {"number": chance.choice((80, 9080, 0)), "name": "http", "protocol": "HTTP"}
    host = f"host{chance.randint(0, 3)}.global"
    endpoint = {"address": "198.19.0.7", "ports": {"http": 15443}, "labels": {"version": "v1"}}
    spec = {"hosts": [host], "location": "MESH_INTERNAL", "resolution": "DNS", "ports": [port]}
    return _istio("ServiceEntry", chance, f"entry-{chance.randint(0, 3)}", {**spec, "endpoints": [endpoint]})


def _service(chance: random.Random) -> Json:
    ports = [{"name": "http", "port": chance.randint(1, 5)}, {"name": "grpc", "port": 8000}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": f"service-{chance.randint(0, 3)}", "namespace": "default"},
        "spec": {"ports": ports[: chance.randint(1, 2)], "selector": {"app": "reviews"}},
    }
