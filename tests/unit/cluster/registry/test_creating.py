"""What becomes of an object that is created."""

import base64

import pytest
from tests.unit.cluster.registry.cluster import Cluster, config_map, deployment, options

from convoy.cluster.machinery.statuses import StatusError


async def refusal(cluster: Cluster, plural: str, obj: object, **how: object) -> StatusError:
    with pytest.raises(StatusError) as refused:
        await cluster.create(plural, obj, **how)
    return refused.value


async def test_new_object_is_given_its_identity(cluster: Cluster) -> None:
    sent = config_map(
        uid="mine", creationTimestamp="1999-01-01T00:00:00Z", deletionTimestamp="2000-01-01T00:00:00Z"
    )
    metadata = (await cluster.create("configmaps", sent))["metadata"]
    assert metadata["creationTimestamp"] == "2030-05-01T12:00:00Z"
    assert metadata["uid"] != "mine"
    assert metadata["namespace"] == "default"
    assert metadata["resourceVersion"] == str(cluster.store.revision)
    assert "deletionTimestamp" not in metadata


async def test_body_stays_as_it_was(cluster: Cluster) -> None:
    sent = deployment()
    await cluster.create("deployments", sent)
    assert sent == deployment()


async def test_object_reads_in_the_usual_order(cluster: Cluster) -> None:
    made = await cluster.create("configmaps", {"data": {"a": "1"}, "metadata": {"name": "c"}})
    assert list(made) == ["apiVersion", "kind", "metadata", "data"]
    assert (made["apiVersion"], made["kind"]) == ("v1", "ConfigMap")


async def test_only_kinds_with_a_spec_count_generations(cluster: Cluster) -> None:
    assert (await cluster.create("deployments", deployment()))["metadata"]["generation"] == 1
    assert "generation" not in (await cluster.create("configmaps", config_map()))["metadata"]


async def test_generated_names_differ_and_fit(cluster: Cluster) -> None:
    long = "x" * 80 + "-"
    names = [
        (await cluster.create("configmaps", {"metadata": {"generateName": long}}))["metadata"]["name"]
        for _ in range(3)
    ]
    assert len(set(names)) == 3
    assert {len(name) for name in names} == {63}


async def test_taken_name_is_refused(cluster: Cluster) -> None:
    await cluster.create("configmaps", config_map())
    error = await refusal(cluster, "configmaps", config_map())
    assert (error.code, error.message) == (409, 'configmaps "c" already exists')


async def test_nameless_object_is_refused(cluster: Cluster) -> None:
    error = await refusal(cluster, "configmaps", {"metadata": {}})
    assert error.code == 422
    assert "metadata.name: Required value: name or generateName is required" in error.message


async def test_resource_version_of_a_new_object_is_refused(cluster: Cluster) -> None:
    error = await refusal(cluster, "configmaps", config_map(resourceVersion="7"))
    assert error.message == "resourceVersion should not be set on objects to be created"


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        (
            config_map(namespace="other"),
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
        (
            {**config_map(), "apiVersion": "v2"},
            "the API version in the data (v2) does not match the expected API version (v1)",
        ),
        ({**config_map(), "kind": "Secret"}, 'Secret in version "v1" cannot be handled as a ConfigMap: '),
        ({**config_map(), "metadata": []}, 'ConfigMap in version "v1" cannot be handled as a ConfigMap: '),
        ([], 'ConfigMap in version "v1" cannot be handled as a ConfigMap: '),
    ],
)
async def test_body_of_something_else_is_refused(cluster: Cluster, obj: object, message: str) -> None:
    error = await refusal(cluster, "configmaps", obj)
    assert error.code == 400
    assert error.message.startswith(message)


async def test_wrong_types_are_refused_in_go_words(cluster: Cluster) -> None:
    error = await refusal(cluster, "deployments", deployment(replicas="three"))
    assert error.code == 400
    assert error.message == (
        'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into '
        "Go struct field DeploymentSpec.spec.replicas of type int32"
    )


async def test_unknown_fields_are_refused_where_validation_is_strict(cluster: Cluster) -> None:
    error = await refusal(cluster, "deployments", deployment(foo=1))
    assert error.message == (
        'Deployment in version "v1" cannot be handled as a Deployment: '
        'strict decoding error: unknown field "spec.foo"'
    )


async def test_unknown_fields_are_dropped_with_a_warning_where_it_is_not(cluster: Cluster) -> None:
    how = options(field_validation="Warn")
    stored = await cluster.registry.create(cluster.resource("deployments"), "default", deployment(foo=1), how)
    assert how.warnings == ['unknown field "spec.foo"']
    assert "foo" not in stored.object["spec"]
    how = options(field_validation="Ignore")
    await cluster.registry.create(cluster.resource("deployments"), "default", deployment("e", foo=1), how)
    assert how.warnings == []


async def test_null_is_a_field_that_was_not_given(cluster: Cluster) -> None:
    sent = config_map(labels=None, creationTimestamp=None)
    metadata = (await cluster.create("configmaps", sent))["metadata"]
    assert "labels" not in metadata
    assert metadata["creationTimestamp"]


async def test_status_of_a_new_object_is_nobodys(cluster: Cluster) -> None:
    made = await cluster.create("deployments", {**deployment(), "status": {"replicas": 9}})
    assert "replicas" not in (made.get("status") or {})


async def test_node_tells_its_status_when_it_registers(cluster: Cluster) -> None:
    node = {"metadata": {"name": "n"}, "status": {"nodeInfo": {"kubeletVersion": "v1.32.0"}}}
    made = await cluster.create("nodes", node, namespace="", is_internal=True)
    assert made["status"]["nodeInfo"]["kubeletVersion"] == "v1.32.0"


async def test_text_of_a_secret_is_kept_as_data(cluster: Cluster) -> None:
    secret = {"metadata": {"name": "s"}, "data": {"a": "YQ=="}, "stringData": {"b": "b", "c": ""}}
    made = await cluster.create("secrets", secret)
    assert made["data"] == {"a": "YQ==", "b": base64.b64encode(b"b").decode(), "c": ""}
    assert "stringData" not in made
    patched = await cluster.patch("secrets", "s", {"stringData": {"a": "z"}})
    assert patched["data"]["a"] == "eg=="


async def test_missing_namespace_is_told(cluster: Cluster) -> None:
    error = await refusal(cluster, "configmaps", config_map(), namespace="nowhere")
    assert (error.code, error.message) == (404, 'namespaces "nowhere" not found')


async def test_every_fault_is_told_at_once(cluster: Cluster) -> None:
    wrong = deployment("Bad_Name", replicas=-1)
    error = await refusal(cluster, "deployments", wrong)
    assert error.code == 422
    assert error.message.startswith('Deployment.apps "Bad_Name" is invalid: [')
    fields = {cause["field"] for cause in (error.details or {})["causes"]}
    assert {"metadata.name", "spec.replicas"} <= fields


async def test_job_selects_its_own_pods(cluster: Cluster) -> None:
    job = {
        "metadata": {"name": "j"},
        "spec": {
            "template": {"spec": {**deployment()["spec"]["template"]["spec"], "restartPolicy": "Never"}}
        },
    }
    made = await cluster.create("jobs", job)
    labels = {"batch.kubernetes.io/controller-uid": made["metadata"]["uid"]}
    assert made["spec"]["selector"] == {"matchLabels": labels}


async def test_dry_run_keeps_nothing(cluster: Cluster) -> None:
    before = cluster.store.revision
    shown = await cluster.create("configmaps", config_map(), dry_run=True)
    assert shown["metadata"]["uid"]
    assert cluster.find("configmaps", "c") is None
    assert cluster.store.revision == before
