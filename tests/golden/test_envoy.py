"""Golden cases of what Envoy gets: `model.yaml` in, `<type>.yaml` out, one folder per case below `envoy/`.

`model.yaml` names the part under `part` and what the case is about under `shows`; the rest are the part's own
fields, so the file reads as `convoy.mesh.model` does. Packed messages are shown unpacked.
`pytest --update-golden` rewrites the outputs and deletes what no case produces.
"""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3
from envoy.config.endpoint.v3 import endpoint_pb2 as endpoint_v3
from envoy.config.listener.v3 import listener_pb2 as listener_v3
from envoy.config.route.v3 import route_pb2 as route_v3
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from tests.kit import parts

from convoy.mesh.model import Assignment, GatewayView, InboundPart, MeshSnapshot, SidecarView
from convoy.xds.cache.consistency import decode
from convoy.xds.cache.memo import Memo
from convoy.xds.cache.resources import ResourceSet
from convoy.xds.cache.views import build_model

FOLDER = Path(__file__).parent / "envoy"
CASES = sorted(path.parent.name for path in FOLDER.glob("*/model.yaml"))
TYPES: dict[str, type[Message]] = {
    "clusters": cluster_v3.Cluster,
    "endpoints": endpoint_v3.ClusterLoadAssignment,
    "listeners": listener_v3.Listener,
    "routes": route_v3.RouteConfiguration,
}
# Every sidecar has them; a case about something else would only repeat them.
ALWAYS_THERE = ("BlackHoleCluster", "PassthroughCluster", "InboundPassthroughCluster", "virtualOutbound")


@pytest.mark.parametrize("case", CASES)
def test_envoy_gets_what_the_case_says(case: str, request: pytest.FixtureRequest) -> None:
    folder = FOLDER / case
    built = outputs(yaml.safe_load((folder / "model.yaml").read_text()))
    if request.config.getoption("--update-golden"):
        write(folder, built)
    assert {path.name: path.read_text() for path in outputs_of(folder)} == built


@pytest.mark.parametrize("case", CASES)
def test_every_case_says_what_it_proves(case: str) -> None:
    assert (FOLDER / case / "about.md").read_text().strip().endswith(".")


def outputs(model: dict[str, Any]) -> dict[str, str]:
    part, shows = model.pop("part"), model.pop("shows")
    assignments = tuple(msgspec.convert(item, Assignment) for item in model.pop("assignments", []))
    snapshot = SNAPSHOTS[part](model, assignments)
    proxy = build_model(snapshot, None, Memo()).proxies["app.default"]
    return {f"{kind}.yaml": text_of(getattr(proxy, kind), TYPES[kind]) for kind in shows}


def of_sidecar(fields: dict[str, Any], assignments: tuple[Assignment, ...]) -> MeshSnapshot:
    view = msgspec.convert({**EMPTY_SIDECAR, **fields}, SidecarView)
    return parts.snapshot(parts.workload("app", view=view.key), sidecars=[view], assignments=assignments)


def of_gateway(fields: dict[str, Any], assignments: tuple[Assignment, ...]) -> MeshSnapshot:
    view = msgspec.convert({**EMPTY_GATEWAY, **fields}, GatewayView)
    return parts.snapshot(parts.workload("app", view=view.key), gateways=[view], assignments=assignments)


def of_inbound(fields: dict[str, Any], assignments: tuple[Assignment, ...]) -> MeshSnapshot:
    inbound = msgspec.convert(fields, InboundPart)
    return parts.snapshot(parts.workload("app", inbound=inbound), sidecars=[parts.sidecar_view()])


SNAPSHOTS = {"SidecarView": of_sidecar, "GatewayView": of_gateway, "InboundPart": of_inbound}
EMPTY_SIDECAR = msgspec.to_builtins(parts.sidecar_view())
EMPTY_GATEWAY = msgspec.to_builtins(parts.gateway_view())


def text_of(resources: ResourceSet, kind: type[Message]) -> str:
    shown = [
        MessageToDict(decode(resource, kind()), preserving_proto_field_name=True)
        for name, resource in resources.items()
        if name not in ALWAYS_THERE
    ]
    # Unpacked messages come as ordered mappings, which YAML does not know.
    return yaml.safe_dump(msgspec.to_builtins(shown), sort_keys=True, width=100)


def write(folder: Path, built: dict[str, str]) -> None:
    for path in outputs_of(folder):
        path.unlink()
    for name, text in built.items():
        (folder / name).write_text(text)


def outputs_of(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*.yaml")) if path.name != "model.yaml"]
