"""What a pod is refused, and what is left out."""

from typing import Any

import pytest
from tests.cluster.manifests import container, pod

from convoy.cluster.kubelet.limits import is_below, left_out, refusal
from convoy.cluster.kubelet.references import read_pod


def _refused(*, app: dict[str, Any] | None = None, roots: tuple[str, ...] = (), **spec: Any) -> str:
    found = refusal(read_pod(pod("web", container(**(app or {})), **spec)), roots)
    return " ".join(found) if found else ""


@pytest.mark.parametrize("field", ["hostNetwork", "hostPID", "hostIPC"])
def test_a_pod_stays_in_namespaces_of_its_own(field: str) -> None:
    assert f"FailedCreatePodSandBox spec.{field} is not allowed" in _refused(**{field: True})


def test_a_privileged_container_is_refused() -> None:
    assert "container app: privileged" in _refused(app={"securityContext": {"privileged": True}})


@pytest.mark.parametrize(
    ("path", "roots", "is_refused"),
    [
        ("/srv/data", (), True),
        ("/srv/data", ("/srv",), False),
        ("/srv", ("/srv",), False),
        ("/srv2", ("/srv",), True),
        ("/srv/../etc", ("/srv",), True),
        ("data", ("/srv",), True),
    ],
)
def test_a_host_path_must_be_allowed(path: str, roots: tuple[str, ...], is_refused: bool) -> None:
    volumes = [{"name": "host", "hostPath": {"path": path}}]
    assert bool(_refused(volumes=volumes, roots=roots)) is is_refused
    assert is_below(path, roots) is not is_refused


def test_a_volume_of_a_kind_that_is_not_built_is_named() -> None:
    nfs = [{"name": "far", "nfs": {"server": "x", "path": "/"}}]
    assert 'MountVolume.SetUp failed for volume "far" : volumes of the kind nfs' in _refused(volumes=nfs)


def test_an_ordinary_pod_gets_all_it_asks_for() -> None:
    context = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
        "seccompProfile": {"type": "RuntimeDefault"},
        "runAsNonRoot": True,
    }
    assert _refused(app={"securityContext": context}, volumes=[{"name": "tmp", "emptyDir": {}}]) == ""
    assert left_out(read_pod(pod("web", container(securityContext=context)))) == []


def test_what_is_left_out_is_listed() -> None:
    context = {"capabilities": {"add": ["CAP_SYS_ADMIN"]}, "seccompProfile": {"type": "Localhost"}}
    wishful = pod("web", container(securityContext=context, ports=[{"containerPort": 1, "hostPort": 1}]))
    wishful["spec"]["runtimeClassName"] = "gvisor"
    assert left_out(read_pod(wishful)) == [
        "runtimeClassName gvisor",
        "container app: capability CAP_SYS_ADMIN",
        "container app: seccompProfile Localhost",
        "container app: hostPort",
    ]
