"""Golden cases of what objects mean: `input.yaml` in, `model.yaml` and `problems.txt` out, one folder per
case.

`about.md` says what the case proves; `model.yaml` is the snapshot without empty values and defaults, with
only the parts that `input.yaml` asks for in its first document (a list under `shows`). `pytest
--update-golden` rewrites the outputs.
"""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from convoy.api.meta import ClusterID
from convoy.api.reading import read_objects
from convoy.config.view import build_view
from convoy.mesh.model import MeshSettings, MeshSnapshot, UpstreamKey
from convoy.mesh.snapshot import build_snapshot

FOLDER = Path(__file__).parent / "mesh"
CASES = sorted(path.parent.name for path in FOLDER.glob("*/input.yaml"))
SETTINGS = MeshSettings(cluster_id=ClusterID("cluster1"))


@pytest.mark.parametrize("case", CASES)
def test_objects_mean_what_the_case_says(case: str, request: pytest.FixtureRequest) -> None:
    folder = FOLDER / case
    built = outputs((folder / "input.yaml").read_text())
    if request.config.getoption("--update-golden"):
        for name, content in built.items():
            (folder / name).write_text(content)
    assert {name: (folder / name).read_text() for name in built} == built


@pytest.mark.parametrize("case", CASES)
def test_every_case_says_what_it_proves(case: str) -> None:
    assert (FOLDER / case / "about.md").read_text().strip().endswith(".")


def outputs(text: str) -> dict[str, str]:
    head, _, objects = text.partition("\n---\n")
    reading = read_objects(objects.encode(), file="input.yaml")
    assert not any(problem.is_error for problem in reading.all_problems())
    view = build_view(1, [one.obj for one in reading.objects if one.obj is not None])
    snapshot, problems = build_snapshot(view, SETTINGS)
    shown = {name: SHOWN[name](snapshot) for name in yaml.safe_load(head)["shows"]}
    return {
        "model.yaml": yaml.safe_dump(shown, sort_keys=False, width=110),
        "problems.txt": "".join(f"{problem}\n" for problem in problems),
    }


def upstreams(snapshot: MeshSnapshot) -> dict[str, Any]:
    return {
        key.namespace: {
            named(one.key): pruned(one, "key", "protocol", "connect_timeout_ms") for one in view.upstreams
        }
        for key, view in snapshot.sidecar_views.items()
    }


def routes(snapshot: MeshSnapshot) -> dict[str, Any]:
    return {
        key.namespace: {
            f"{host.host}:{port.port}": {
                "domains": list(host.domains),
                "rules": [
                    pruned(rule, "destinations", "retries")
                    | {"to": {named(one.key): one.weight for one in rule.destinations}}
                    for rule in host.rules
                ],
            }
            for port in view.http
            for host in port.hosts
        }
        for key, view in snapshot.sidecar_views.items()
    }


def endpoints(snapshot: MeshSnapshot) -> dict[str, list[str]]:
    shared = {named(key): assignment for key, assignment in snapshot.assignments.items()}
    own = {
        f"{named(key)} seen from {view.namespace}": assignment
        for view, assignments in snapshot.view_assignments.items()
        for key, assignment in assignments.items()
    }
    return {
        name: [f"{one.address}:{one.port}" for one in assignment.endpoints]
        for name, assignment in (shared | own).items()
    }


def passthrough(snapshot: MeshSnapshot) -> dict[str, Any]:
    return {
        f"{key.namespace}:{port.listen_port}": {
            name: named(route.key) for route in port.routes for name in route.server_names
        }
        for key, view in snapshot.gateway_views.items()
        for port in view.passthrough
    }


def names(snapshot: MeshSnapshot) -> dict[str, Any]:
    return {
        namespace: {name: list(found) for name, found in table.items()}
        for namespace, table in snapshot.names.items()
    }


SHOWN = {
    "upstreams": upstreams,
    "routes": routes,
    "endpoints": endpoints,
    "passthrough": passthrough,
    "names": names,
}


def named(key: UpstreamKey) -> str:
    kind = "passthrough" if key.is_passthrough else "outbound"
    return f"{kind}|{key.port}|{key.subset}|{key.hostname}"


def pruned(part: Any, *without: str) -> Any:
    return _pruned({name: value for name, value in msgspec.to_builtins(part).items() if name not in without})


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _pruned(one) for name, one in value.items()}
        return {name: one for name, one in kept.items() if one not in (None, "", 0, False, {}, [])}
    return [_pruned(one) for one in value] if isinstance(value, list | tuple) else value
