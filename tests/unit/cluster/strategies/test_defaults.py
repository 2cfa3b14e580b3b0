"""Objects that the API server completed look as those of a real one."""

import copy

import pytest

from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.resources import ResourceTable
from convoy.cluster.strategies import apply_defaults

TABLE = ResourceTable(BUILTIN)


def completed(storage, **fields):
    obj = {"metadata": {"name": "x"}, **fields}
    return apply_defaults(TABLE.stored(storage), obj)


def pod_template(**spec):
    return {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}], **spec}}


def test_deployment_rolls_by_quarters():
    spec = completed("apps/deployments", spec={"template": pod_template()})["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
    }
    assert (spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (10, 600)


def test_recreate_gets_no_rolling_update():
    strategy = {"type": "Recreate"}
    spec = completed("apps/deployments", spec={"strategy": strategy, "template": pod_template()})["spec"]
    assert spec["strategy"] == {"type": "Recreate"}


def test_template_is_completed_as_a_pod_but_keeps_no_service_links():
    spec = completed("apps/deployments", spec={"template": pod_template()})["spec"]["template"]["spec"]
    assert spec["containers"][0] == {
        "name": "c",
        "image": "i",
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "Always",
    }
    assert (spec["restartPolicy"], spec["dnsPolicy"], spec["terminationGracePeriodSeconds"]) == (
        "Always",
        "ClusterFirst",
        30,
    )
    assert "enableServiceLinks" not in spec


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.29", "IfNotPresent"),
        ("registry:5000/nginx", "Always"),
        ("registry:5000/nginx:1", "IfNotPresent"),
        ("nginx@sha256:00", "IfNotPresent"),
    ],
)
def test_pull_policy_follows_the_tag(image, policy):
    pod = completed("pods", spec={"containers": [{"name": "c", "image": image}]})
    assert pod["spec"]["containers"][0]["imagePullPolicy"] == policy


def test_limits_are_a_pods_requests_too():
    container = {"name": "c", "image": "i", "resources": {"limits": {"cpu": "1"}}}
    pod = completed("pods", spec={"containers": [container]})
    assert pod["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "1"}


def test_probes_get_their_times():
    probe = {"httpGet": {"port": 80}}
    container = {"name": "c", "image": "i", "readinessProbe": probe}
    pod = completed("pods", spec={"containers": [container]})
    assert pod["spec"]["containers"][0]["readinessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }


def test_service_port_goes_to_the_same_port():
    spec = completed("services", spec={"ports": [{"port": 80}]})["spec"]
    assert spec["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    assert (spec["type"], spec["sessionAffinity"], spec["internalTrafficPolicy"]) == (
        "ClusterIP",
        "None",
        "Cluster",
    )


def test_load_balancer_gets_node_ports_and_a_policy():
    spec = completed("services", spec={"type": "LoadBalancer", "ports": [{"port": 80}]})["spec"]
    assert spec["allocateLoadBalancerNodePorts"] is True
    assert spec["externalTrafficPolicy"] == "Cluster"


def test_namespace_carries_its_name_as_a_label():
    namespace = completed("namespaces")
    assert namespace["metadata"]["labels"] == {"kubernetes.io/metadata.name": "x"}
    assert namespace["spec"] == {"finalizers": ["kubernetes"]}


@pytest.mark.parametrize("storage", TABLE.storages())
def test_completing_twice_changes_nothing(storage):
    once = completed(storage, spec={"template": pod_template(), "ports": [{"port": 1}]})
    again = apply_defaults(TABLE.stored(storage), copy.deepcopy(once))
    assert again == once
