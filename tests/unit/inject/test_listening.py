"""Facts about the ports that a sidecar waits for."""

import pytest
from tests.unit.inject.test_injection import ENABLED, SETTINGS, environment, pod

from convoy.inject import inject_pod
from convoy.inject.listening import AWAITED_PORTS, SERVING_PATH


def container(name="app", *ports, **fields):
    return {"name": name, "image": "app", "ports": [*ports], **fields}


def port(number, **fields):
    return {"containerPort": number, **fields}


def sidecar_of(*containers, **spec):
    injected = inject_pod(pod(containers=list(containers), **spec), ENABLED, SETTINGS)
    return next(each for each in injected.spec.init_containers if each.name == "istio-proxy")


def test_ports_of_containers_without_a_probe_are_awaited():
    sidecar = sidecar_of(container("one", port(9080)), container("two", port(8080), port(9080)))
    assert environment(sidecar)[AWAITED_PORTS] == "8080,9080"
    assert sidecar.readiness_probe.http_get.path == SERVING_PATH


@pytest.mark.parametrize(
    "without",
    [
        container("app"),
        container("app", port(53, protocol="UDP")),
        container("app", port(9080), readinessProbe={"tcpSocket": {"port": 9080}}),
    ],
)
def test_nothing_is_awaited_where_nothing_is_declared_or_a_probe_tells(without):
    sidecar = sidecar_of(without)
    assert AWAITED_PORTS not in environment(sidecar)
    assert sidecar.readiness_probe is None


def test_readiness_probe_that_a_user_wrote_for_the_sidecar_stays():
    written = {"name": "istio-proxy", "image": "auto", "readinessProbe": {"exec": {"command": ["true"]}}}
    sidecar = sidecar_of(container("app", port(9080)), written)
    assert sidecar.readiness_probe.exec == {"command": ["true"]}


def test_gateway_awaits_no_ports():
    gateway = pod(
        labels={"sidecar.istio.io/inject": "true"},
        annotations={"inject.istio.io/templates": "gateway"},
        containers=[container("istio-proxy", port(8080))],
        initContainers=[],
    )
    injected = inject_pod(gateway, ENABLED, SETTINGS)
    assert AWAITED_PORTS not in environment(injected.spec.containers[0])


def test_members_of_a_group_wait_for_its_probe_and_hear_of_it_at_once():
    proxy = {
        "name": "istio-proxy",
        "image": "auto",
        "env": [{"name": "ISTIO_META_AUTO_REGISTER_GROUP", "value": "machines"}],
    }
    sidecar = sidecar_of(container("app"), proxy)
    assert AWAITED_PORTS not in environment(sidecar)
    probe = sidecar.readiness_probe
    assert (probe.http_get.path, probe.period_seconds, probe.failure_threshold) == (SERVING_PATH, 1, 1)
