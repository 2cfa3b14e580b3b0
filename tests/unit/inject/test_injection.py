"""Facts about injection: which pods are patched, and what a patched pod looks like."""

import json

import msgspec
import pytest
import yaml

from convoy.api.kube.core import Namespace, Pod
from convoy.inject import InjectionSettings, choose_template, inject_pod

SETTINGS = InjectionSettings(cluster_id="cluster1", network="network1")

REVIEWS = """
apiVersion: v1
kind: Pod
metadata:
  name: reviews-v1
  namespace: default
  labels: {app: reviews, version: v1}
spec:
  serviceAccountName: bookinfo-reviews
  initContainers:
  - {name: migrate, image: migrate}
  containers:
  - {name: reviews, image: istio/examples-bookinfo-reviews-v1}
  dnsConfig:
    searches: [corp.example]
"""
GATEWAY = """
apiVersion: v1
kind: Pod
metadata:
  name: istio-ingressgateway
  namespace: istio-system
  labels: {istio: ingressgateway, sidecar.istio.io/inject: "true"}
  annotations: {inject.istio.io/templates: gateway}
spec:
  serviceAccountName: istio-ingressgateway-service-account
  containers:
  - name: istio-proxy
    image: auto
    ports:
    - containerPort: 8080
    env:
    - {name: ISTIO_META_NETWORK, value: external}
"""


def pod(text=REVIEWS, *, labels=None, annotations=None, **spec):
    value = yaml.safe_load(text)
    value["metadata"].setdefault("labels", {}).update(labels or {})
    value["metadata"].setdefault("annotations", {}).update(annotations or {})
    value["spec"].update(spec)
    return msgspec.convert(value, Pod)


def namespace(**labels):
    metadata = {"name": "default", "labels": {name.replace("_", "-"): v for name, v in labels.items()}}
    return msgspec.convert({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, Namespace)


ENABLED, DISABLED, SILENT = (
    namespace(istio_injection="enabled"),
    namespace(istio_injection="disabled"),
    namespace(),
)
REVISION = msgspec.convert(
    {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "default", "labels": {"istio.io/rev": "default"}},
    },
    Namespace,
)


def environment(container):
    return {each.name: each.value or each.value_from for each in container.env}


@pytest.mark.parametrize(
    ("where", "label", "annotation", "injected"),
    [
        (ENABLED, None, None, True),
        (ENABLED, "false", None, False),
        (ENABLED, None, "false", False),
        (ENABLED, "true", "false", True),
        (ENABLED, "nonsense", None, True),
        (SILENT, None, None, False),
        (SILENT, "true", None, True),
        (SILENT, None, "true", True),
        (SILENT, "false", "true", False),
        (DISABLED, None, None, False),
        (DISABLED, "true", None, False),
        (REVISION, None, None, True),
        (None, None, None, False),
        (None, "true", None, True),
    ],
)
def test_refusal_wins_over_a_wish_and_silence_changes_nothing(where, label, annotation, injected):
    labels = {"sidecar.istio.io/inject": label} if label else {}
    annotations = {"sidecar.istio.io/inject": annotation} if annotation else {}
    asked = pod(labels=labels, annotations=annotations)
    assert (inject_pod(asked, where, SETTINGS) is not asked) == injected


def test_pod_on_the_host_network_is_never_injected():
    asked = pod(labels={"sidecar.istio.io/inject": "true"}, hostNetwork=True)
    assert inject_pod(asked, ENABLED, SETTINGS) is asked


def test_clusters_own_namespaces_are_never_injected():
    asked = pod(REVIEWS.replace("namespace: default", "namespace: kube-system"))
    assert inject_pod(asked, ENABLED, SETTINGS) is asked


@pytest.mark.parametrize("text", [REVIEWS, GATEWAY])
def test_injecting_twice_is_injecting_once(text):
    once = inject_pod(pod(text), ENABLED, SETTINGS)
    assert inject_pod(once, ENABLED, SETTINGS) is once


def test_pod_with_a_proxy_of_its_own_is_left_alone():
    asked = pod(containers=[{"name": "app"}, {"name": "istio-proxy", "image": "other/proxy"}])
    assert inject_pod(asked, ENABLED, SETTINGS) is asked


def test_sidecar_is_the_first_init_container_and_keeps_running():
    injected = inject_pod(pod(), ENABLED, SETTINGS)
    assert [each.name for each in injected.spec.init_containers] == ["istio-proxy", "migrate"]
    assert [each.name for each in injected.spec.containers] == ["reviews"]
    proxy = injected.spec.init_containers[0]
    assert (proxy.image, proxy.restart_policy) == ("convoy/proxy", "Always")
    assert proxy.security_context.capabilities.add == ["NET_ADMIN"]
    assert (proxy.startup_probe.http_get.port, proxy.startup_probe.http_get.path) == (15021, "/healthz/ready")


def test_sidecar_is_told_who_it_is():
    proxy = inject_pod(pod(), ENABLED, SETTINGS).spec.init_containers[0]
    told = environment(proxy)
    assert told["POD_NAME"]["fieldRef"]["fieldPath"] == "metadata.name"
    assert told["POD_NAMESPACE"]["fieldRef"]["fieldPath"] == "metadata.namespace"
    assert told["INSTANCE_IP"]["fieldRef"]["fieldPath"] == "status.podIP"
    expected = {
        "SERVICE_ACCOUNT": "bookinfo-reviews",
        "ISTIO_META_CLUSTER_ID": "cluster1",
        "ISTIO_META_NETWORK": "network1",
        "TRUST_DOMAIN": "cluster.local",
        "DISCOVERY_HOST": "istiod.istio-system.svc",
        "PROXY_TYPE": "sidecar",
        "INTERCEPTION_MARK": "1337",
    }
    assert {name: told[name] for name in expected} == expected


def test_pod_without_an_account_runs_as_default():
    proxy = inject_pod(pod(serviceAccountName=""), ENABLED, SETTINGS).spec.init_containers[0]
    assert environment(proxy)["SERVICE_ACCOUNT"] == "default"


def test_token_and_roots_are_mounted_where_the_agent_looks():
    injected = inject_pod(pod(), ENABLED, SETTINGS)
    mounts = {each.mount_path: each.name for each in injected.spec.init_containers[0].volume_mounts}
    volumes = {each.name: each for each in injected.spec.volumes}
    (token,) = volumes[mounts["/var/run/secrets/tokens"]].projected["sources"]
    assert token["serviceAccountToken"] == {
        "audience": "istio-ca",
        "expirationSeconds": 43200,
        "path": "istio-token",
    }
    assert volumes[mounts["/var/run/secrets/istio"]].config_map == {"name": "istio-ca-root-cert"}
    assert volumes[mounts["/var/run/convoy"]].empty_dir == {"medium": "Memory"}


def test_search_list_ends_with_the_global_domains():
    injected = inject_pod(pod(), ENABLED, SETTINGS)
    assert injected.spec.dns_config["searches"] == ["corp.example", "default.global", "global"]


def test_labels_tell_callers_and_telemetry():
    labels = inject_pod(pod(), ENABLED, SETTINGS).metadata.labels
    assert labels["security.istio.io/tlsMode"] == "istio"
    assert labels["service.istio.io/canonical-name"] == "reviews"
    assert labels["service.istio.io/canonical-revision"] == "v1"
    assert (labels["app"], labels["version"]) == ("reviews", "v1")


def test_labels_of_the_user_win():
    written = {"security.istio.io/tlsMode": "disabled", "service.istio.io/canonical-name": "mine"}
    labels = inject_pod(pod(labels=written), ENABLED, SETTINGS).metadata.labels
    assert {name: labels[name] for name in written} == written


def test_workload_without_app_label_is_named_after_its_owner():
    asked = pod(REVIEWS.replace("{app: reviews, version: v1}", "{pod-template-hash: abc}"))
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-abc", "controller": True}
    value = msgspec.to_builtins(asked)
    value["metadata"]["ownerReferences"] = [owner]
    labels = inject_pod(msgspec.convert(value, Pod), ENABLED, SETTINGS).metadata.labels
    assert labels["service.istio.io/canonical-name"] == "web"
    assert labels["service.istio.io/canonical-revision"] == "latest"


def test_gateway_replaces_its_auto_container_and_captures_nothing():
    injected = inject_pod(pod(GATEWAY), None, SETTINGS)
    (proxy,) = injected.spec.containers
    told = environment(proxy)
    assert (proxy.image, proxy.ports[0].container_port) == ("convoy/proxy", 8080)
    assert (told["PROXY_TYPE"], told["INTERCEPTION_MARK"]) == ("router", None)
    assert proxy.readiness_probe.http_get.port == 15021
    assert proxy.security_context.capabilities.add == []
    assert injected.spec.init_containers == []
    assert injected.spec.dns_config == {}


def test_gateway_keeps_what_the_user_wrote_into_its_container():
    (proxy,) = inject_pod(pod(GATEWAY), None, SETTINGS).spec.containers
    networks = [each.value for each in proxy.env if each.name == "ISTIO_META_NETWORK"]
    assert networks == ["external"]


def test_gateways_plain_ports_are_not_announced_as_mutual_tls():
    labels = inject_pod(pod(GATEWAY), None, SETTINGS).metadata.labels
    assert "security.istio.io/tlsMode" not in labels
    assert labels["istio"] == "ingressgateway"


def test_status_says_what_was_added():
    injected = inject_pod(pod(), ENABLED, SETTINGS)
    status = json.loads(injected.metadata.annotations["sidecar.istio.io/status"])
    assert status["initContainers"] == ["istio-proxy"]
    assert set(status["volumes"]) == {volume.name for volume in injected.spec.volumes}


def test_input_is_left_as_it_was():
    asked = pod()
    before = msgspec.json.encode(asked)
    inject_pod(asked, ENABLED, SETTINGS)
    assert msgspec.json.encode(asked) == before


def test_template_is_named_by_the_annotation():
    assert choose_template(pod(), ENABLED, revision="default") == "sidecar"
    assert choose_template(pod(GATEWAY), None, revision="default") == "gateway"
