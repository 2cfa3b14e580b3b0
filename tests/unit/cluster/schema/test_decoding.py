"""Types of built-in objects, in the words of Go's decoder."""

import pytest

from convoy.cluster.schema import Schemas, check_types

SCHEMAS = Schemas()


def why(api_version: str, kind: str, **obj: object) -> str | None:
    schema = SCHEMAS.find_kind(api_version, kind)
    assert schema is not None
    return check_types(schema, obj)


def pod(**container: object) -> str | None:
    return why("v1", "Pod", spec={"containers": [{"name": "a", **container}]})


@pytest.mark.parametrize(
    ("replicas", "seen"),
    [
        ("3", "string"),
        (True, "bool"),
        ([], "array"),
        ({}, "object"),
        (1.5, "number 1.5"),
        (1 << 31, "number 2147483648"),
    ],
)
def test_numbers_must_be_numbers_that_fit(replicas: object, seen: str):
    expected = (
        f"json: cannot unmarshal {seen} into Go struct field DeploymentSpec.spec.replicas of type int32"
    )
    assert why("apps/v1", "Deployment", spec={"replicas": replicas}) == expected


def test_the_path_has_neither_indexes_nor_keys():
    assert pod(env=[{"name": "A", "value": 1}]) == (
        "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string"
    )
    assert why("v1", "ConfigMap", data={"a": True}) == (
        "json: cannot unmarshal bool into Go struct field ConfigMap.data of type string"
    )
    assert why("v1", "Pod", metadata={"labels": {"a": 1}}) == (
        "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string"
    )


def test_structs_lists_and_maps_are_named_as_in_go():
    assert why("v1", "Pod", spec=[]) == (
        "json: cannot unmarshal array into Go struct field Pod.spec of type v1.PodSpec"
    )
    assert why("v1", "Pod", spec={"containers": {}}) == (
        "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container"
    )
    told = why("v1", "Pod", metadata={"labels": "a"})
    assert str(told).endswith("Go struct field ObjectMeta.metadata.labels of type map[string]string")


def test_only_the_first_is_told():
    assert "PodSpec.spec.nodeName" in str(why("v1", "Pod", spec={"nodeName": 1, "hostNetwork": "x"}))


@pytest.mark.parametrize("cpu", ["100m", "1.5", ".5", "1e3", "2E", "1Ki", 2, 0.5, "-1"])
def test_quantities_are_taken(cpu: object):
    assert pod(resources={"limits": {"cpu": cpu}}) is None


@pytest.mark.parametrize("cpu", ["", "x", "1 Gi", "1.2.3", True, [], "1KiB"])
def test_what_is_no_quantity_is_told_without_its_place(cpu: object):
    assert str(pod(resources={"limits": {"cpu": cpu}})).startswith(
        "quantities must match the regular expression"
    )


def test_ports_are_numbers_or_names():
    assert why("v1", "Service", spec={"ports": [{"targetPort": "http"}, {"targetPort": 80}]}) is None
    assert why("v1", "Service", spec={"ports": [{"targetPort": True}]}) == (
        "json: cannot unmarshal bool into Go value of type int32"
    )


def test_times_and_bytes_must_parse():
    assert why("v1", "Pod", metadata={"creationTimestamp": "2024-01-02T03:04:05Z"}) is None
    assert why("v1", "Pod", metadata={"creationTimestamp": "soon"}) == (
        'parsing time "soon" as "2006-01-02T15:04:05Z07:00": cannot parse "soon" as "2006"'
    )
    assert why("v1", "Secret", data={"a": "YQ=="}) is None
    assert why("v1", "Secret", data={"a": "YQ*="}) == "illegal base64 data at input byte 2"


def test_null_says_nothing():
    assert why("v1", "Pod", metadata=None, spec={"containers": None, "nodeName": None}) is None


def test_what_is_free_is_not_looked_at():
    assert why("apps/v1", "ControllerRevision", data={"a": [1, "b", None]}) is None
