"""Facts about objects of kinds that have no struct: nothing that would not be enforced is accepted."""

import pytest

from convoy.api import codes
from convoy.api.crds.table import UNBUILT
from convoy.api.reading import read_object

NETWORKING = "networking.istio.io/v1alpha3"
REWRITE = "envoy.filters.network.tcp_cluster_rewrite"
TO_LOCAL = {"cluster_pattern": "\\.global$", "cluster_replacement": ".svc.cluster.local"}


def judged(kind: str, spec: object = None, *, version: str = NETWORKING):
    obj = {"apiVersion": version, "kind": kind, "metadata": {"name": "a", "namespace": "b"}, "spec": spec}
    (problem,) = read_object(obj).problems
    return problem


def patch(config: object, *, name: str = REWRITE, field: str = "typed_config"):
    value = {"name": name, field: config}
    return {"applyTo": "NETWORK_FILTER", "patch": {"operation": "INSERT_AFTER", "value": value}}


@pytest.mark.parametrize("kind", UNBUILT, ids=lambda kind: kind.name)
def test_definition_says_what_validation_does(kind):
    problem = judged(kind.name, {}, version=f"{kind.group}/{kind.versions[0]}")
    assert problem.is_error == ("refused" in kind.effect)


@pytest.mark.parametrize("kind", ["AuthorizationPolicy", "RequestAuthentication"])
def test_policy_that_would_not_be_enforced_is_refused(kind):
    problem = judged(kind, {}, version="security.istio.io/v1")
    assert problem.code is codes.NOT_BUILT_KIND
    assert "not enforced" in problem.message


def test_kind_without_which_requests_go_the_same_way_is_accepted_with_a_warning():
    assert judged("Telemetry", {}, version="telemetry.istio.io/v1").code is codes.NO_EFFECT_KIND


@pytest.mark.parametrize(
    "spec",
    [
        {"configPatches": [patch({"@type": "x", **TO_LOCAL})]},
        {"configPatches": [patch(TO_LOCAL, field="config")]},
        {"configPatches": [patch({"@type": "TypedStruct", "value": TO_LOCAL})]},
        {"workloadLabels": {}, "filters": [{"filterName": REWRITE, "filterConfig": TO_LOCAL}]},
    ],
)
def test_filter_of_old_multicluster_installations_is_built_in(spec):
    problem = judged("EnvoyFilter", spec)
    assert problem.code is codes.BUILT_IN
    assert not problem.is_error


@pytest.mark.parametrize(
    "spec",
    [
        {"configPatches": {"a": 1}},
        {"configPatches": [5, None]},
        {"filters": "x", "configPatches": [patch(TO_LOCAL)]},
        {"configPatches": [patch(TO_LOCAL, name="envoy.filters.network.rbac")]},
        {"configPatches": [patch(TO_LOCAL), patch({}, name="envoy.filters.http.lua")]},
        {"configPatches": [patch({**TO_LOCAL, "cluster_pattern": ".*"})]},
        {"configPatches": [patch({**TO_LOCAL, "cluster_replacement": ".evil"})]},
        {"configPatches": [patch({**TO_LOCAL, "cluster_replacement": 5})]},
        {"configPatches": [patch(None)]},
    ],
)
def test_every_other_filter_is_judged_as_any_object(spec):
    obj = {"apiVersion": NETWORKING, "kind": "EnvoyFilter", "metadata": {"name": "a"}, "spec": spec}
    assert codes.BUILT_IN not in [problem.code for problem in read_object(obj).problems]


def test_object_of_the_api_is_judged_by_the_stages_of_a_file():
    obj = {"apiVersion": NETWORKING, "kind": "VirtualService", "metadata": {"name": "a"}, "spec": {"htp": 1}}
    read = read_object(obj)
    assert read.is_refused
    assert [(p.code, p.field, p.file, p.line) for p in read.problems] == [
        (codes.UNKNOWN_FIELD, "spec.htp", "", 0)
    ]
