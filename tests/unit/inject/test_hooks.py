"""Facts about the hooks by which a pod leaves the mesh."""

from tests.unit.inject.test_injection import ENABLED, GATEWAY, SETTINGS, pod

from convoy.agent.settings import PROBE_PORT, AgentFiles
from convoy.agent.withdrawing import PATH as AGENT_PATH
from convoy.inject import inject_pod
from convoy.inject.hooks import DRAIN_PIPE, DRAINED_PATH

OWN = {"preStop": {"exec": {"command": ["true"]}}}


def containers(*applications, **spec):
    return inject_pod(pod(containers=list(applications), **spec), ENABLED, SETTINGS).spec


def application(**fields):
    return {"name": "app", "image": "app", **fields}


def test_application_waits_for_its_callers():
    (app,) = containers(application()).containers
    assert app.lifecycle == {"preStop": {"httpGet": {"port": PROBE_PORT, "path": AGENT_PATH}}}


def test_hooks_that_a_user_wrote_stay():
    after = {"postStart": {"exec": {"command": ["true"]}}}
    kept, joined = containers(application(lifecycle=OWN), application(name="b", lifecycle=after)).containers
    assert kept.lifecycle == OWN
    assert set(joined.lifecycle) == {"postStart", "preStop"}


def test_sidecar_tells_its_agent_of_the_end():
    sidecar = containers(application()).init_containers[0]
    (*_, script) = sidecar.lifecycle["preStop"]["exec"]["command"]
    assert DRAIN_PIPE in script


def test_gateway_has_no_hooks():
    injected = inject_pod(pod(GATEWAY), None, SETTINGS)
    assert [each.lifecycle for each in injected.spec.containers] == [{}]


def test_injection_and_agent_agree_on_the_places():
    assert (AGENT_PATH, str(AgentFiles().drain)) == (DRAINED_PATH, DRAIN_PIPE)
