"""What the demo applies: the objects of the article, read from samples/bookinfo, as data that can be changed.

Sabotages change a script before it is played.
"""

import copy
import string
from pathlib import Path
from typing import Any

import msgspec
import yaml

Object = dict[str, Any]

CLUSTER1, CLUSTER2 = "cluster1", "cluster2"
CLUSTERS = (CLUSTER1, CLUSTER2)
BOOKINFO = Path("samples/bookinfo")
SOURCES = Path(__file__).parents[4]
APPLICATIONS = {name: BOOKINFO / "multicluster" / f"{name}.yaml" for name in CLUSTERS}
GATEWAY = BOOKINFO / "networking" / "bookinfo-gateway.yaml"
REMOTE = BOOKINFO / "multicluster" / "reviews-global.yaml"
SUBSETS = BOOKINFO / "networking" / "reviews-destination-rule.yaml"
ROUTING = BOOKINFO / "networking" / "reviews-virtual-service.yaml"
VIP = "240.0.0.3"
GATEWAY_ADDRESS = "CLUSTER2_GW_ADDR"


class Script(msgspec.Struct):
    """The objects of each step, by cluster where both get some.

    `injected`: whose namespace gets the label. `remote` waits for the address of cluster2's gateway.
    `foreign_root`: the cluster whose certificates come from a root of its own. `missing_gateway`: the cluster
    whose gateway loses its address. `stopped`: the cluster whose control plane is stopped at last.
    """

    applications: dict[str, list[Object]]
    gateway: list[Object]
    remote: list[Object]
    subsets: dict[str, list[Object]]
    routing: list[Object]
    injected: list[str] = msgspec.field(default_factory=lambda: list(CLUSTERS))
    foreign_root: str = ""
    missing_gateway: str = ""
    stopped: str = ""


def load_script() -> Script:
    """The article's own."""
    subsets = _read(SUBSETS)
    return Script(
        applications={name: _read(path) for name, path in APPLICATIONS.items()},
        gateway=_read(GATEWAY),
        remote=_read(REMOTE),
        subsets={name: copy.deepcopy(subsets) for name in CLUSTERS},
        routing=_read(ROUTING),
    )


def find(objects: list[Object], kind: str, name: str) -> Object:
    """The object of a kind and name; KeyError when there is none."""
    for obj in objects:
        if (obj["kind"], obj["metadata"]["name"]) == (kind, name):
            return obj
    raise KeyError(f"{kind} {name}")


def with_address(objects: list[Object], address: str) -> list[Object]:
    """Objects whose variable for the address of cluster2's gateway is filled in, as a shell would."""
    text = string.Template(yaml.safe_dump_all(objects, sort_keys=False))
    return list(yaml.safe_load_all(text.substitute({GATEWAY_ADDRESS: address})))


def build_remote_service(name: str, *, vip: str, address: str) -> Object:
    """A service of cluster2 for cluster1, behind the gateway, in the way that the article has reviews."""
    endpoint = {"address": address, "labels": {"cluster": CLUSTER2}, "ports": {"http1": 15443}}
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "ServiceEntry",
        "metadata": {"name": f"{name}-default"},
        "spec": {
            "hosts": [f"{name}.default.global"],
            "location": "MESH_INTERNAL",
            "ports": [{"name": "http1", "number": 9080, "protocol": "http"}],
            "resolution": "DNS",
            "addresses": [vip],
            "endpoints": [endpoint],
        },
    }


def _read(path: Path) -> list[Object]:
    return list(yaml.safe_load_all((SOURCES / path).read_text()))
