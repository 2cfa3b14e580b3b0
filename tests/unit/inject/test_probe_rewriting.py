"""Facts about probes that injection leads through the agent."""

import msgspec
import pytest
from msgspec.structs import replace
from tests.unit.inject.test_injection import ENABLED, GATEWAY, SETTINGS, environment, pod

from convoy.inject import inject_pod
from convoy.inject.decision import PROXY
from convoy.inject.probes import PROBERS, find_unresolved

HTTP = {"httpGet": {"path": "/health", "port": 9080}}
EXEC = {"exec": {"command": ["true"]}}


def probed(probe, *, field="readinessProbe", annotations=None, **container):
    containers = [{"name": "reviews", "image": "reviews", field: probe, **container}]
    return pod(annotations=annotations, containers=containers)


def inject(asked):
    """The application's container, and what the agent is told."""
    injected = inject_pod(asked, ENABLED, SETTINGS)
    (proxy,) = [each for each in injected.spec.init_containers if each.name == PROXY]
    told = environment(proxy).get(PROBERS)
    return injected.spec.containers[0], msgspec.json.decode(told) if told else None


@pytest.mark.parametrize(
    ("field", "attribute", "ending"),
    [
        ("livenessProbe", "liveness_probe", "livez"),
        ("readinessProbe", "readiness_probe", "readyz"),
        ("startupProbe", "startup_probe", "startupz"),
    ],
)
def test_each_probe_has_a_path_at_the_agent(field, attribute, ending):
    container, told = inject(probed(HTTP, field=field))
    asked = getattr(container, attribute).http_get
    path = f"/app-health/reviews/{ending}"
    assert (asked.port, asked.path, asked.scheme) == (15020, path, "HTTP")
    assert told == {path: {"httpGet": {"path": "/health", "port": 9080}, "timeoutSeconds": 1}}


@pytest.mark.parametrize(
    ("probe", "told"),
    [
        (
            {
                "httpGet": {
                    "port": "web",
                    "scheme": "HTTPS",
                    "httpHeaders": [{"name": "Host", "value": "shop"}],
                },
                "timeoutSeconds": 7,
            },
            {
                "httpGet": {
                    "path": "/",
                    "port": 8080,
                    "scheme": "HTTPS",
                    "httpHeaders": [{"name": "Host", "value": "shop"}],
                },
                "timeoutSeconds": 7,
            },
        ),
        (
            {"httpGet": {"port": "9081", "path": ""}},
            {"httpGet": {"path": "/", "port": 9081}, "timeoutSeconds": 1},
        ),
        ({"tcpSocket": {"port": "web"}}, {"tcpSocket": {"port": 8080}, "timeoutSeconds": 1}),
        (
            {"grpc": {"port": 9000, "service": "shop"}},
            {"grpc": {"port": 9000, "service": "shop"}, "timeoutSeconds": 1},
        ),
    ],
)
def test_agent_is_told_what_a_probe_stood_for(probe, told):
    container, definitions = inject(probed(probe, ports=[{"name": "web", "containerPort": 8080}]))
    assert definitions == {"/app-health/reviews/readyz": told}
    rewritten = container.readiness_probe
    assert (rewritten.tcp_socket, rewritten.grpc, rewritten.http_get.port) == (None, None, 15020)
    assert rewritten.http_get.http_headers == []


def test_thresholds_and_times_stay():
    times = {"periodSeconds": 3, "failureThreshold": 9, "timeoutSeconds": 2, "initialDelaySeconds": 1}
    container, _ = inject(probed({**HTTP, **times}))
    kept = msgspec.to_builtins(container.readiness_probe)
    assert {name: kept[name] for name in times} == times


@pytest.mark.parametrize(
    "probe",
    [
        EXEC,
        {"httpGet": {"port": 80, "host": "198.18.0.9"}},
        {"tcpSocket": {"port": 80, "host": "198.18.0.9"}},
        {"httpGet": {"port": "undeclared"}},
    ],
)
def test_commands_other_hosts_and_unknown_ports_stay(probe):
    asked = probed(probe)
    container, told = inject(asked)
    assert (replace(container, lifecycle={}), told) == (asked.spec.containers[0], None)


def test_port_that_is_not_declared_is_found():
    assert list(find_unresolved(probed({"httpGet": {"port": "undeclared"}}))) == [("reviews", "undeclared")]
    assert list(find_unresolved(probed(HTTP))) == []


def test_pod_may_say_that_its_probes_stay():
    asked = probed(HTTP, annotations={"sidecar.istio.io/rewriteAppHTTPProbers": "false"})
    container, told = inject(asked)
    assert (replace(container, lifecycle={}), told) == (asked.spec.containers[0], None)


def test_sidecars_of_the_user_are_probed_through_the_agent_too():
    logs = {"name": "logs", "image": "logs", "restartPolicy": "Always", "startupProbe": HTTP}
    injected = inject_pod(pod(initContainers=[logs]), ENABLED, SETTINGS)
    assert injected.spec.init_containers[1].startup_probe.http_get.path == "/app-health/logs/startupz"


def test_gateway_keeps_its_probes():
    value = {"name": "app", "image": "app", "readinessProbe": HTTP}
    asked = pod(GATEWAY, containers=[{"name": "istio-proxy", "image": "auto"}, value])
    injected = inject_pod(asked, None, SETTINGS)
    assert injected.spec.containers[1] == asked.spec.containers[1]
    assert PROBERS not in environment(injected.spec.containers[0])


def test_container_that_came_after_injection_is_probed_through_the_agent_too():
    value = msgspec.to_builtins(inject_pod(probed(HTTP), ENABLED, SETTINGS))
    value["spec"]["containers"].append({"name": "late", "livenessProbe": {"tcpSocket": {"port": 7}}})
    again = inject_pod(msgspec.convert(value, type(pod())), ENABLED, SETTINGS)
    told = msgspec.json.decode(environment(again.spec.init_containers[0])[PROBERS])
    assert set(told) == {"/app-health/reviews/readyz", "/app-health/late/livez"}
    assert inject_pod(again, ENABLED, SETTINGS) is again
