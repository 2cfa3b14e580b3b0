"""A cluster's ranges follow from its folder, or a sentence names what does not fit."""

from pathlib import Path

import pytest

from convoy.cli.local.errors import LocalMeshError
from convoy.cli.local.ranges import cluster_spec
from convoy.config.load import load_folder

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: a}
spec: {clusterIP: 10.2.0.9, ports: [{name: http, port: 80}]}
"""


def pod(name: str, address: str) -> str:
    status = f"status: {{podIP: {address}}}" if address else ""
    return f"""\
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec: {{containers: [{{name: c, image: i}}]}}
{status}
"""


def spec_of(folder: Path, *documents: str):
    (folder / "all.yaml").write_text("---\n".join(documents))
    view, _, _ = load_folder(folder)
    return cluster_spec("cluster1", folder, view)


def test_ranges_are_those_of_the_addresses(tmp_path) -> None:
    spec = spec_of(tmp_path, SERVICE, pod("p", "10.1.0.7"), pod("q", "10.1.0.8"))
    assert (spec.name, spec.pod_cidr, spec.service_cidr) == ("cluster1", "10.1.0.0/24", "10.2.0.0/24")


@pytest.mark.parametrize("documents", [(), (SERVICE,), (pod("p", "10.1.0.7"),), (SERVICE, pod("p", ""))])
def test_a_folder_without_addresses_is_named(documents, tmp_path) -> None:
    with pytest.raises(LocalMeshError, match=r"has no .* so the cluster's range is unknown: add one\."):
        spec_of(tmp_path, *documents)


@pytest.mark.parametrize(("address", "shown"), [("10.9.9.9", "10.9.9.9"), ("", "none")])
def test_the_stray_pod_is_named_and_not_the_others(address, shown, tmp_path) -> None:
    pods = pod("a", address), pod("b", "10.1.0.7"), pod("c", "10.1.0.8")
    with pytest.raises(LocalMeshError) as refused:
        spec_of(tmp_path, SERVICE, *pods)
    assert str(refused.value).endswith(
        f"every Pod needs status.podIP in 10.1.0.0/24, as most have: correct Pod default/a ({shown})."
    )
