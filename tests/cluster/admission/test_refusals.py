"""Facts about what people see who apply objects with kubectl: of mistakes each one, its place and remedy."""

import pytest
import yaml
from tests.cluster.admission.bad_objects import BAD_OBJECTS
from tests.kit.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "reviews", "namespace": "default"},
    "spec": {"ports": [{"port": 9080, "name": "http"}]},
}
GOOD = """\
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata: {name: good, namespace: default}
spec:
  hosts: [reviews]
  http:
  - route:
    - destination: {host: reviews, subset: v9}
"""
REWRITE = """\
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: istio-multicluster-ingressgateway, namespace: istio-system}
spec:
  workloadLabels: {istio: ingressgateway}
  filters:
  - listenerMatch: {portNumber: 15443, listenerType: GATEWAY}
    insertPosition: {index: AFTER, relativeTo: envoy.filters.network.sni_cluster}
    filterName: envoy.filters.network.tcp_cluster_rewrite
    filterType: NETWORK
    filterConfig: {cluster_pattern: "\\\\.global$", cluster_replacement: ".svc.cluster.local"}
"""


@pytest.mark.parametrize("bad", BAD_OBJECTS, ids=lambda bad: f"{bad.kind}-{bad.stage}")
async def test_bad_object_is_refused_with_every_mistake(kubectls, bad):
    for program in kubectls.programs:
        manifest = yaml.safe_dump(bad.manifest()).encode()
        said = await kubectls.run("apply", "-f", "-", stdin=manifest, program=program)
        assert said.code == 1, said.text
        assert f"{bad.kind} default/bad is refused" in said.text
        for field, message, remedy, code in bad.expected:
            at = said.text.index(f"{field}: ")
            end = said.text.index(f"[{code}]", at)
            assert message in said.text[at:end]
            assert remedy in said.text[at:end]
        assert said.text.count("[CVY") == len(bad.expected), said.text


async def test_what_other_objects_lack_is_a_warning(guarded, kubectls):
    await guarded.api.create("/api/v1/namespaces/default/services", SERVICE)
    await until(lambda: "reviews.default.svc.cluster.local" in guarded.snapshot().services)
    said = await kubectls.run("apply", "-f", "-", stdin=GOOD.encode())
    assert said.code == 0, said.text
    assert 'Warning: VirtualService default/good, spec.http[0].route[0].destination.subset: "v9"' in said.text
    assert "[CVY0201]" in said.text
    assert "virtualservice.networking.istio.io/good created" in said.text


async def test_filter_of_old_installations_is_accepted_as_built_in(kubectls):
    for program in kubectls.programs:
        said = await kubectls.run("apply", "-f", "-", stdin=REWRITE.encode(), program=program)
        assert said.code == 0, said.text
        assert "this filter is built in" in said.text
        assert "[CVY0504]" in said.text
        deleted = await kubectls.run("delete", "-f", "-", stdin=REWRITE.encode(), program=program)
        assert deleted.code == 0, deleted.text


async def test_kind_without_effect_is_accepted_with_a_warning(kubectls):
    manifest = yaml.safe_dump(
        {
            "apiVersion": "telemetry.istio.io/v1",
            "kind": "Telemetry",
            "metadata": {"name": "logs", "namespace": "default"},
            "spec": {"accessLogging": [{"providers": [{"name": "envoy"}]}]},
        }
    )
    said = await kubectls.run("apply", "-f", "-", stdin=manifest.encode())
    assert said.code == 0, said.text
    assert "have no effect yet" in said.text
    assert "[CVY0503]" in said.text


async def test_bad_change_of_a_good_object_is_refused_and_deleting_is_not(kubectls):
    rule = GOOD.replace("good", "changing")
    assert (await kubectls.run("apply", "-f", "-", stdin=rule.encode())).code == 0
    patch = '{"spec": {"hosts": ["a b"], "htp": null}}'
    said = await kubectls.run("patch", "vs", "changing", "--type", "merge", "-p", patch)
    assert said.code == 1
    assert '"a b" is not a host name' in said.text
    assert (await kubectls.run("delete", "vs", "changing")).code == 0


async def test_explain_tells_meaning_and_type(kubectls):
    said = await kubectls.run("explain", "virtualservice.spec.http")
    assert "Rules for HTTP requests; the first that matches decides." in said.text
    assert "timeout <string>" in said.text
    said = await kubectls.run("explain", "dr.spec.trafficPolicy.tls.mode")
    assert "ISTIO_MUTUAL" in said.text


async def test_columns_short_names_and_categories_are_istios(kubectls):
    rule = GOOD.replace("good", "shown")
    assert (await kubectls.run("apply", "-f", "-", stdin=rule.encode())).code == 0
    for asked in ("vs", "virtualservices.v1beta1.networking.istio.io", "istio-io"):
        said = await kubectls.run("get", asked)
        assert "GATEWAYS HOSTS AGE" in said.text
        assert '["reviews"]' in said.text
