"""Facts about what `/validate` makes of objects, by itself and beside others."""

import asyncio

import pytest
import yaml
from tests.unit.controlplane.webhooks.reviews import review, rule

from convoy.api.meta import ClusterID
from convoy.api.reading import read_object
from convoy.config.folder import Folder
from convoy.config.store import Composer
from convoy.controlplane.pipeline import build_state
from convoy.controlplane.webhooks import validation as validation_module
from convoy.controlplane.webhooks.neighbours import Neighbours
from convoy.controlplane.webhooks.reviews import decode_review
from convoy.controlplane.webhooks.validation import Validation
from convoy.kit.latest import LatestValue
from convoy.mesh.model import MeshSettings
from convoy.xds.cache.memo import Memo

SETTINGS = MeshSettings(cluster_id=ClusterID("east"))
REVIEWS = """\
apiVersion: v1
kind: Service
metadata: {name: reviews}
spec: {ports: [{port: 9080, name: http}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews
  subsets: [{name: v1, labels: {version: v1}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: known}
spec:
  hosts: [reviews]
  http:
  - route:
    - {weight: 1, destination: {host: reviews, subset: v1}}
    - {weight: 1, destination: {host: nowhere}}
"""


def state(text):
    folder = Folder()
    folder.read("a.yaml", text.encode())
    held = Composer().compose(folder.contents())
    return build_state(held, SETTINGS, previous=None, memo=Memo())


def validation(text="", **fields):
    published = LatestValue()
    if text:
        published.set(state(text))
    return Validation(published, **{"patience": 0.01, **fields})


async def judged(obj, *, text="", schema=False, **request):
    judges = validation(text).judges()
    return await judges["/validate-schema" if schema else "/validate"](decode_review(review(obj, **request)))


def routed(*destinations, name="a", hosts=("reviews",)):
    return rule(name, hosts=list(hosts), http=[{"route": [{"destination": each} for each in destinations]}])


async def test_good_object_is_allowed_without_a_word():
    verdict = await judged(rule())
    assert (verdict.allowed, verdict.warnings) == (True, [])


async def test_all_mistakes_of_the_schema_are_in_one_message():
    verdict = await judged(rule(hosts=5, htp=[], http=[{"timeout": 3}]))
    assert not verdict.allowed
    assert verdict.message.splitlines()[0] == "VirtualService default/a is refused, for 3 problems."
    assert [each["field"] for each in verdict.causes] == ["spec.hosts", "spec.htp", "spec.http[0].timeout"]
    assert 'spec.htp: unknown field. Did you mean "http"?  [CVY0102]' in verdict.message


async def test_meaning_comes_after_schema():
    both = {"hosts": ["a b"], "http": [{"timeout": "x"}]}
    causes = (await judged(rule(**both))).causes
    assert [each["reason"] for each in causes] == ["CVY0401", "CVY0407", "CVY0404"]
    assert [each["reason"] for each in (await judged(rule(**both, x=1))).causes] == ["CVY0102"]


async def test_judge_that_is_asked_first_refuses_all_that_is_wrong_with_an_object_by_itself():
    assert not (await judged(rule(hosts=["a b"]), schema=True)).allowed
    assert not (await judged(rule(hosts=5), schema=True)).allowed
    assert (await judged(rule(), schema=True)).allowed


@pytest.mark.parametrize("schema", [False, True])
async def test_patch_whose_value_is_no_envoy_message_is_refused(schema):
    patch = {"applyTo": "CLUSTER", "patch": {"operation": "MERGE", "value": {"conect_timeout": "1s"}}}
    filter_ = {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": "tested", "namespace": "default"},
        "spec": {"configPatches": [patch]},
    }
    verdict = await judged(filter_, schema=schema)
    assert not verdict.allowed
    assert "spec.configPatches[0].patch.value" in verdict.message
    assert "conect_timeout" in verdict.message
    patch["patch"]["value"] = {"connect_timeout": "1s"}
    assert (await judged(filter_, schema=schema)).allowed


async def test_null_means_that_a_field_is_missing():
    assert (await judged(rule(hosts=["reviews"], tls=None, http=rule()["spec"]["http"]))).allowed


async def test_whatever_is_deleted_is_allowed():
    assert (await judged(None, operation="DELETE", oldObject=rule(hosts=5))).allowed


@pytest.mark.parametrize("schema", [True, False])
async def test_bad_object_on_its_way_out_may_lose_its_finalizers(schema):
    obj = rule(metadata={"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": []}, hosts=5)
    assert (await judged(obj, operation="UPDATE", schema=schema)).allowed


async def test_subresource_is_nobodys_business():
    assert (await judged(rule(hosts=5), operation="UPDATE", subResource="status")).allowed


@pytest.mark.parametrize("name", [{}, {"name": ""}])
async def test_name_that_is_still_to_be_generated_is_fine(name):
    obj = rule()
    obj["metadata"] = {"generateName": "a-", **name}
    assert (await judged(obj)).allowed
    assert (await judged(obj, schema=True)).allowed


async def test_what_the_api_server_adds_is_no_mistake():
    added = {"uid": "u", "generation": 1, "creationTimestamp": None, "managedFields": [{"manager": "k"}]}
    obj = {**rule(metadata=added), "status": {"conditions": [{"type": "Reconciled"}]}}
    assert (await judged(obj)).allowed


@pytest.mark.parametrize("obj", [None, 5, [], {}, {"metadata": 5}, {"apiVersion": "v1", "kind": "List"}])
@pytest.mark.parametrize("schema", [True, False])
async def test_anything_else_gets_an_answer(obj, schema):
    verdict = await judged(obj, schema=schema)
    assert verdict.allowed or verdict.message


async def test_missing_neighbour_is_a_warning():
    verdict = await judged(routed({"host": "reviews", "subset": "v2"}), text=REVIEWS)
    assert verdict.allowed
    (warning,) = [each for each in verdict.warnings if "CVY0201" in each]
    assert warning.startswith("VirtualService default/a, spec.http[0].route[0].destination.subset: ")
    assert "\n" not in warning


async def test_neighbour_that_comes_a_moment_before_is_none_that_is_missing():
    services, subsets, _ = REVIEWS.split("---")
    judges = validation(services, patience=10)
    request = decode_review(review(routed({"host": "reviews", "subset": "v1"})))
    judging = asyncio.create_task(judges.judge(request))
    await asyncio.sleep(0.01)
    assert not judging.done()
    judges._published.set(state(f"{services}---{subsets}"))
    assert (await judging).warnings == []


async def test_what_a_change_breaks_elsewhere_is_a_warning_and_what_was_broken_is_not():
    changed = rule("reviews", host="reviews", subsets=[{"name": "v3", "labels": {"version": "v3"}}])
    verdict = await judged({**changed, "kind": "DestinationRule"}, text=REVIEWS)
    assert verdict.allowed
    assert [each.partition(",")[0] for each in verdict.warnings] == ["VirtualService default/known"]
    assert "[CVY0201]" in verdict.warnings[0]


async def test_without_services_references_are_not_judged():
    text = REVIEWS[REVIEWS.index("---") :]
    assert (await judged(routed({"host": "nowhere"}), text=text)).warnings == []


async def test_the_mesh_is_not_changed_by_a_question():
    judges = validation(REVIEWS)
    before = judges._published.get_nowait()
    await judges.judge(decode_review(review(routed({"host": "nowhere"}))))
    again = await judges.judge(decode_review(review(routed({"host": "reviews"}, name="known"))))
    assert judges._published.get_nowait() is before
    assert again.allowed


async def test_large_mesh_is_looked_through_as_a_small_one(monkeypatch):
    monkeypatch.setattr(validation_module, "_QUICKLY_CHECKED", 0)
    verdict = await judged(routed({"host": "reviews", "subset": "v2"}), text=REVIEWS)
    assert any("[CVY0201]" in each for each in verdict.warnings)


GATEWAY_POD = """
---
apiVersion: v1
kind: Pod
metadata:
  name: gateway
  namespace: default
  labels: {istio: gateway}
  annotations: {inject.istio.io/templates: gateway}
spec: {containers: [{name: istio-proxy, image: auto}]}
status: {podIP: 10.0.0.1}
"""
TLS_GATEWAY = """
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: web, namespace: default}
spec:
  selector: {istio: gateway}
  servers:
  - port: {number: 443, name: https, protocol: HTTPS}
    hosts: [a.test]
    tls: {mode: SIMPLE, credentialName: cert}
"""


async def test_a_secret_that_nobody_has_looked_for_yet_is_not_called_missing():
    gateway = yaml.safe_load(TLS_GATEWAY.strip("-\n"))
    assert (await judged(gateway, text=REVIEWS + GATEWAY_POD)).warnings == []
    (warning,) = (await judged(gateway, text=REVIEWS + GATEWAY_POD + TLS_GATEWAY)).warnings
    assert "Secret default/cert was not found" in warning


def test_what_is_remembered_of_other_objects_and_states_changes_no_answer():
    two = (
        REVIEWS
        + "---\napiVersion: v1\nkind: Service\nmetadata: {name: nowhere}\nspec: {ports: [{port: 80}]}\n"
    )
    objects = [
        routed({"host": "reviews", "subset": "v1"}),
        routed({"host": "reviews", "subset": "v9"}),
        routed({"host": "nowhere"}, name="known"),
        {**SUBSETS, "spec": {"host": "reviews", "subsets": [{"name": "v2", "labels": {"version": "v2"}}]}},
        {**SUBSETS, "spec": {"host": "elsewhere"}},
    ]
    remembering = Neighbours()
    found = []
    for published in (state(REVIEWS), state(two), state(REVIEWS)):
        for obj in (*objects, *reversed(objects)):
            read = read_object(obj).obj
            found.append(remembering.find_new_problems(read, published))
            assert found[-1] == Neighbours().find_new_problems(read, published)
    assert len({str(each) for each in found}) > 3


SUBSETS = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "DestinationRule",
    "metadata": {"name": "reviews", "namespace": "default"},
}
