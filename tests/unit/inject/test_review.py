"""Facts about what injection answers an API server; patches are applied as an API server does."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.inject.test_injection import DISABLED, ENABLED, GATEWAY, REVIEWS, SETTINGS, SILENT

from convoy.cluster.patches.json_patch import apply_json_patch
from convoy.inject import Injection, UnreadablePodError, inject_pod, plan_injection
from convoy.inject.patching import build_patch
from convoy.inject.review import read_pod

# As a ReplicaSet makes it, with the API server's defaults, nulls, and fields of tomorrow.
MADE = """
apiVersion: v1
kind: Pod
metadata:
  generateName: reviews-v1-5d4f-
  creationTimestamp: null
  labels: {app: reviews, version: v1, pod-template-hash: 5d4f}
  annotations: null
  ownerReferences:
  - {apiVersion: apps/v1, kind: ReplicaSet, name: reviews-v1-5d4f, uid: u, controller: true}
spec:
  futureField: {a: 1}
  restartPolicy: Always
  serviceAccountName: bookinfo-reviews
  volumes:
  - name: kube-api-access-x
    projected: {defaultMode: 420, sources: []}
  initContainers: []
  containers:
  - name: reviews
    image: reviews
    futureField: b
    terminationMessagePath: /dev/termination-log
    env: [{name: A, value: "1"}]
    ports: [{containerPort: 9080, name: http, protocol: TCP}]
    readinessProbe:
      httpGet: {path: /health, port: http, scheme: HTTPS, futureField: c}
      periodSeconds: 3
    livenessProbe:
      grpc: {port: 9080, service: ""}
status: {}
"""


def made(text=MADE, **spec):
    value = yaml.safe_load(text)
    value["spec"].update(spec)
    return value


def injected(raw, namespace=ENABLED):
    return apply_json_patch(raw, list(plan_injection(raw, namespace, SETTINGS).patch))


def touched(raw, namespace=ENABLED):
    return sorted({each["path"] for each in plan_injection(raw, namespace, SETTINGS).patch})


@pytest.mark.parametrize("text", [MADE, REVIEWS, GATEWAY])
def test_patched_pod_is_the_injected_one(text):
    raw = yaml.safe_load(text)
    assert read_pod(injected(raw)) == inject_pod(read_pod(raw), ENABLED, SETTINGS)


def test_what_our_types_do_not_know_stays():
    patched = injected(made())
    assert patched["spec"]["futureField"] == {"a": 1}
    assert patched["spec"]["containers"][0]["futureField"] == "b"
    assert patched["spec"]["volumes"][0] == made()["spec"]["volumes"][0]


def test_patch_touches_what_injection_changes_and_no_more():
    assert touched(made()) == [
        "/metadata/annotations",
        "/metadata/labels/istio.io~1rev",
        "/metadata/labels/security.istio.io~1tlsMode",
        "/metadata/labels/service.istio.io~1canonical-name",
        "/metadata/labels/service.istio.io~1canonical-revision",
        "/spec/containers/0/lifecycle",
        "/spec/containers/0/livenessProbe/grpc",
        "/spec/containers/0/livenessProbe/httpGet",
        "/spec/containers/0/readinessProbe/httpGet/path",
        "/spec/containers/0/readinessProbe/httpGet/port",
        "/spec/containers/0/readinessProbe/httpGet/scheme",
        "/spec/dnsConfig",
        "/spec/initContainers",
        "/spec/volumes/-",
    ]


def test_sidecar_comes_before_the_init_containers_that_there_are():
    migrate = {"name": "migrate", "image": "m"}
    patched = injected(made(initContainers=[migrate]))
    assert [each["name"] for each in patched["spec"]["initContainers"]] == ["istio-proxy", "migrate"]
    assert patched["spec"]["initContainers"][1] == migrate


def test_written_proxy_moves_to_where_sidecars_are():
    written = {"name": "istio-proxy", "image": "auto", "resources": {"limits": {"cpu": "1"}}}
    raw = made(containers=[written, made()["spec"]["containers"][0]])
    spec = injected(raw)["spec"]
    assert [each["name"] for each in spec["containers"]] == ["reviews"]
    (proxy,) = spec["initContainers"]
    assert (proxy["image"], proxy["resources"]) == ("convoy/proxy", written["resources"])


def test_gateways_container_is_filled_in_place():
    patched = injected(yaml.safe_load(GATEWAY), None)
    (proxy,) = patched["spec"]["containers"]
    assert (proxy["name"], proxy["image"], proxy["ports"]) == (
        "istio-proxy",
        "convoy/proxy",
        [{"containerPort": 8080}],
    )
    assert proxy["readinessProbe"]["httpGet"] == {"port": 15021, "path": "/healthz/ready"}
    assert proxy["env"][0] == {"name": "ISTIO_META_NETWORK", "value": "external"}


def test_gateway_template_may_be_named_by_a_label():
    raw = yaml.safe_load(GATEWAY)
    del raw["metadata"]["annotations"]
    raw["metadata"]["labels"]["inject.istio.io/templates"] = "gateway"
    assert "initContainers" not in injected(raw, None)["spec"]


@pytest.mark.parametrize("text", [MADE, REVIEWS, GATEWAY])
def test_asked_again_nothing_is_left_to_do(text):
    once = injected(yaml.safe_load(text))
    assert plan_injection(once, ENABLED, SETTINGS) == Injection()


def test_container_that_another_webhook_added_is_patched_alone():
    raw = injected(made())
    raw["spec"]["containers"].append(
        {"name": "late", "image": "l", "readinessProbe": {"tcpSocket": {"port": 7}}}
    )
    index = len(raw["spec"]["initContainers"][0]["env"]) - 1
    assert touched(raw) == [
        "/spec/containers/1/readinessProbe/httpGet",
        "/spec/containers/1/readinessProbe/tcpSocket",
        f"/spec/initContainers/0/env/{index}/value",
    ]


def test_pod_that_wants_nothing_stays():
    assert plan_injection(made(), SILENT, SETTINGS).patch == ()
    assert plan_injection(made(), DISABLED, SETTINGS).patch == ()
    assert plan_injection(made(), SILENT, SETTINGS).warnings == ()


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ({"hostNetwork": True}, "network of its node"),
        ({"os": {"name": "windows"}}, "Linux"),
        ({"containers": [{"name": "istio-proxy", "image": "mine"}]}, "of its own"),
    ],
)
def test_pod_that_cannot_have_a_proxy_is_admitted_with_a_warning(spec, word):
    injection = plan_injection(made(**spec), ENABLED, SETTINGS)
    assert injection.patch == ()
    (warning,) = injection.warnings
    assert word in warning
    assert plan_injection(made(**spec), SILENT, SETTINGS).warnings == ()


def test_pod_that_is_none_is_refused_with_every_fault():
    raw = made(containers=[{"image": "a"}], volumes="none")
    with pytest.raises(UnreadablePodError, match=r"containers\[0\]\.name is required") as told:
        plan_injection(raw, ENABLED, SETTINGS)
    assert "spec.volumes" in str(told.value)
    assert "futureField" not in str(told.value)


def test_writer_is_told_what_will_not_work():
    raw = made()
    raw["metadata"]["annotations"] = {
        "traffic.sidecar.istio.io/excludeOutboundPorts": "3306",
        "inject.istio.io/templates": "sidecar,grpc-agent",
    }
    container = raw["spec"]["containers"][0]
    container["ports"] = [{"containerPort": 15001}]
    del container["livenessProbe"]
    warnings = plan_injection(raw, ENABLED, SETTINGS).warnings
    words = ("grpc-agent", "excludeOutboundPorts", '"http"', "15001")
    assert len(warnings) == len(words)
    assert all(word in warning for word, warning in zip(words, warnings, strict=True))


def test_search_list_that_is_full_stays():
    searches = [f"d{number}.example" for number in range(31)]
    assert injected(made(dnsConfig={"searches": searches}))["spec"]["dnsConfig"]["searches"] == searches
    short = injected(made(dnsConfig={"searches": searches[:30]}))["spec"]["dnsConfig"]["searches"]
    assert short == [*searches[:30], "default.global", "global"]


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ({"kind": "Job", "name": "report-29012345"}, "report"),
        ({"kind": "StatefulSet", "name": "web-29012345"}, "web-29012345"),
        ({"kind": "Job", "name": "x" * 62 + ".yz"}, "x" * 62),
    ],
)
def test_workload_is_named_after_its_owner_within_what_a_label_holds(owner, name):
    raw = made()
    raw["metadata"]["labels"] = {}
    raw["metadata"]["ownerReferences"] = [{"apiVersion": "v1", "controller": True, **owner}]
    assert injected(raw)["metadata"]["labels"]["service.istio.io/canonical-name"] == name


names = st.sampled_from(["a", "b", "c", "d"])
values = st.recursive(
    st.integers(0, 2),
    lambda inner: (
        st.dictionaries(st.sampled_from(["k", "a/b", "~"]), inner, max_size=3) | st.lists(inner, max_size=3)
    ),
    max_leaves=5,
)
named = st.lists(names, unique=True, max_size=4).flatmap(
    lambda found: st.tuples(*(st.fixed_dictionaries({"name": st.just(each), "v": values}) for each in found))
).map(list)  # fmt: skip


@given(before=st.dictionaries(names, values), after=st.dictionaries(names, values))
def test_patch_of_any_two_forms_leads_from_one_to_the_other(before, after):
    assert apply_json_patch(before, build_patch(before, before, after)) == after


@given(kept=named, added=st.lists(st.sampled_from(["x", "y"]), unique=True), place=st.integers(0, 4))
def test_named_elements_are_patched_where_they_are(kept, added, place):
    after = [{**each, "v": 1} for each in kept if each["name"] != "a"]
    after[place:place] = [{"name": each} for each in added]
    raw = [{**each, "unknown": 1} for each in kept]
    patched = apply_json_patch({"l": raw}, build_patch({"l": raw}, {"l": kept}, {"l": after}))["l"]
    assert [{k: v for k, v in each.items() if k != "unknown"} for each in patched] == after
    assert all("unknown" in each for each in patched if each["name"] not in added)
