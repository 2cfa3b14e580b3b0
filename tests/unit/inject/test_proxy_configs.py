"""With what proxies are started, by ProxyConfigs, the mesh's defaults and annotations."""

import msgspec
import pytest

from convoy.api import codes
from convoy.api.istio.mesh_config import DefaultProxyConfig
from convoy.api.istio.proxy_config import ProxyConfig
from convoy.api.kube.core import Namespace, Pod
from convoy.api.validation import validate
from convoy.inject import InjectionSettings, inject_pod, plan_injection
from convoy.inject.proxy_configs import ProxyConfigs

SETTINGS = InjectionSettings(cluster_id="c1")


def config(name, namespace="default", selects=None, **spec):
    if selects:
        spec["selector"] = {"matchLabels": {"app": selects}}
    value = {
        "apiVersion": ProxyConfig.API_VERSIONS[0],
        "kind": "ProxyConfig",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }
    return msgspec.convert(value, ProxyConfig)


def pod(annotation="", **labels):
    annotations = {"proxy.istio.io/config": annotation} if annotation else {}
    metadata = {"name": "p", "namespace": "default", "labels": labels, "annotations": annotations}
    value = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [{"name": "app"}]},
    }
    return msgspec.convert(value, Pod)


def started(asked, *configs, defaults=None):
    return ProxyConfigs(configs, defaults=defaults).of(asked, "default")


ROOT = config("root", "istio-system", concurrency=1, environmentVariables={"A": "root", "B": "root"})
SPACE = config("space", concurrency=2, environmentVariables={"B": "space", "C": "space"})
POD = config("pod", selects="web", concurrency=3, environmentVariables={"C": "pod"})


@pytest.mark.parametrize(
    ("asked", "configs", "concurrency"),
    [
        (pod(app="web"), (), None),
        (pod(app="web"), (ROOT,), 1),
        (pod(app="web"), (ROOT, SPACE), 2),
        (pod(app="web"), (ROOT, SPACE, POD), 3),
        (pod(app="other"), (ROOT, SPACE, POD), 2),
        (pod("concurrency: 0", app="web"), (ROOT, SPACE, POD), 0),
        (pod(app="web"), (config("elsewhere", "other", concurrency=9),), None),
        (pod(app="web"), (config("first", concurrency=4), SPACE), 4),
        (pod(app="web"), (config("silent"), SPACE), 2),
        (pod(app="web"), (config("unheard", "istio-system", selects="web", concurrency=9),), None),
    ],
)
def test_the_narrowest_word_counts(asked, configs, concurrency):
    assert started(asked, *configs).concurrency == concurrency


def test_environments_add_up():
    defaults = DefaultProxyConfig(proxy_metadata={"A": "mesh", "D": "mesh"})
    asked = pod("proxyMetadata: {E: annotation}", app="web")
    assert dict(started(asked, ROOT, SPACE, POD, defaults=defaults).environment) == {
        "A": "root",
        "B": "space",
        "C": "pod",
        "D": "mesh",
        "E": "annotation",
    }


@pytest.mark.parametrize(
    "name",
    [
        "LD_PRELOAD",
        "PYTHONPATH",
        "PYTHONWARNINGS",
        "SSLKEYLOGFILE",
        "OPENSSL_CONF",
        "PATH",
        "BASH_ENV",
        "ISTIO_META_AUTO_REGISTER_GROUP",
        "ISTIO_KUBE_APP_PROBERS",
        "DRAIN_SECONDS",
    ],
)
def test_a_config_sets_nothing_by_which_code_is_found_or_run(name):
    """Else who may write configuration in a namespace could run programs in its pods."""
    told = config("evil", environmentVariables={name: "x", "ISTIO_META_FINE": "y"})
    assert started(pod(), told).environment == (("ISTIO_META_FINE", "y"),)
    [problem] = validate(told)
    assert (problem.code, problem.field) == (codes.NO_EFFECT, f"spec.environmentVariables.{name}")
    by_pod = started(pod("proxyMetadata: {ISTIO_META_AUTO_REGISTER_GROUP: own}"), told)
    assert ("ISTIO_META_AUTO_REGISTER_GROUP", "own") in by_pod.environment


def test_defaults_of_the_mesh_come_last():
    defaults = DefaultProxyConfig(concurrency=7, drain_duration="1m30s")
    assert (
        started(pod(), defaults=defaults).concurrency,
        started(pod(), defaults=defaults).drain_seconds,
    ) == (
        7,
        90,
    )
    assert started(pod("drainDuration: 3s"), ROOT, defaults=defaults).drain_seconds == 3


def test_injection_tells_the_agent():
    enabled = Namespace(
        api_version="v1",
        kind="Namespace",
        metadata=msgspec.structs.replace(
            pod().metadata, name="default", labels={"istio-injection": "enabled"}
        ),
    )
    more = config("more", concurrency=5, environmentVariables={"TRUST_DOMAIN": "evil", "ISTIO_META_X": "y"})
    injected = inject_pod(pod("drainDuration: 3s"), enabled, SETTINGS, ProxyConfigs([more]))
    env = {each.name: each.value for each in injected.spec.init_containers[0].env}
    assert env["PROXY_CONCURRENCY"] == "5"
    assert env["PROXY_DRAIN_SECONDS"] == "3"
    assert env["ISTIO_META_X"] == "y"
    assert env["TRUST_DOMAIN"] == "cluster.local"


def test_what_is_wrong_in_an_annotation_is_told_and_left_out():
    raw = msgspec.to_builtins(pod("concurrency: many\ndrainDuration: 3s\nfoo: 1"))
    labels = {"sidecar.istio.io/inject": "true"}
    raw["metadata"]["labels"] = labels
    injection = plan_injection(raw, None, SETTINGS)
    told = [warning for warning in injection.warnings if "proxy.istio.io/config" in warning]
    assert any(", concurrency: " in warning for warning in told)
    assert any(", foo: " in warning for warning in told)
    assert "PROXY_DRAIN_SECONDS" in str(injection.patch)
    assert "PROXY_CONCURRENCY" not in str(injection.patch)
