"""What the built-in kinds' own rules refuse, in the words that users know; what is right passes."""

import copy

import pytest

from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.resources import ResourceTable
from convoy.cluster.strategies import (
    apply_defaults,
    generate_selector,
    validate_create,
    validate_update,
)

TABLE = ResourceTable(BUILTIN)


def pod_spec(**more):
    return {"containers": [{"name": "c", "image": "i:1"}], **more}


def template(**more):
    return {"metadata": {"labels": {"app": "x"}}, "spec": pod_spec(**more)}


def workload(**more):
    return {"selector": {"matchLabels": {"app": "x"}}, "template": template(), **more}


GOOD = {
    "pods": {"spec": pod_spec()},
    "apps/deployments": {"spec": workload()},
    "apps/replicasets": {"spec": workload()},
    "replicationcontrollers": {"spec": {"selector": {"app": "x"}, "template": template()}},
    "apps/statefulsets": {"spec": workload(serviceName="x")},
    "apps/daemonsets": {"spec": workload()},
    "batch/jobs": {"spec": {"template": template(restartPolicy="Never")}},
    "batch/cronjobs": {
        "spec": {
            "schedule": "*/5 * * * *",
            "jobTemplate": {"spec": {"template": template(restartPolicy="OnFailure")}},
        }
    },
    "services": {"spec": {"ports": [{"port": 80}]}},
    "configmaps": {"data": {"a.b-c_D": "1"}},
    "secrets": {"data": {"a": "Yg=="}},
    "rbac.authorization.k8s.io/roles": {
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    },
    "rbac.authorization.k8s.io/rolebindings": {
        "roleRef": {"kind": "Role", "name": "r"},
        "subjects": [{"kind": "ServiceAccount", "name": "a"}],
    },
    "endpoints": {"subsets": [{"addresses": [{"ip": "198.18.0.1"}], "ports": [{"port": 80}]}]},
    "discovery.k8s.io/endpointslices": {
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["198.18.0.1"]}],
    },
    "persistentvolumeclaims": {
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    },
    "policy/poddisruptionbudgets": {"spec": {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}}},
}


def complete(storage, body, name="x"):
    obj = copy.deepcopy({"metadata": {"name": name}, **body})
    return apply_defaults(TABLE.stored(storage), obj)


def change(obj, path, value):
    """Set a field by its path; `...` removes it."""
    changed = copy.deepcopy(obj)
    *way, last = path
    node = changed
    for step in way:
        node = node[step] if isinstance(step, int) else node.setdefault(step, {})
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return changed


@pytest.mark.parametrize("storage", GOOD)
def test_right_object_is_accepted(storage):
    obj = complete(storage, GOOD[storage])
    assert validate_create(TABLE.stored(storage), obj) == []
    assert validate_update(TABLE.stored(storage), obj, copy.deepcopy(obj)) == []


TWO_SOURCES = [{"name": "v", "emptyDir": {}, "secret": {}}]
CONTAINER = ("spec", "containers", 0)
BROKEN = [
    ("configmaps", ("metadata", "name"), "Bad_Name", "metadata.name", "a lowercase RFC 1123 subdomain"),
    ("configmaps", ("metadata", "name"), "", "metadata.name", "name or generateName is required"),
    ("configmaps", ("metadata", "name"), "a" * 254, "metadata.name", "no more than 253 characters"),
    ("services", ("metadata", "name"), "1x", "metadata.name", "a DNS-1035 label"),
    ("configmaps", ("metadata", "labels"), {"a": "b c"}, "metadata.labels", "a valid label must be"),
    ("configmaps", ("metadata", "labels"), {"a/b/c": ""}, "metadata.labels", "qualified name"),
    ("configmaps", ("metadata", "annotations"), {"-a": ""}, "metadata.annotations", "name part"),
    ("configmaps", ("data",), {"a b": "1"}, "data[a b]", "a valid config key"),
    ("secrets", ("type",), "kubernetes.io/tls", "data[tls.crt]", "Required value"),
    ("pods", ("spec", "containers"), [], "spec.containers", "Required value"),
    ("pods", (*CONTAINER, "image"), "", "spec.containers[0].image", "Required value"),
    ("pods", (*CONTAINER, "name"), "A", "spec.containers[0].name", "a lowercase RFC 1123 label"),
    (
        "pods",
        (*CONTAINER, "ports"),
        [{"containerPort": 70000}],
        "spec.containers[0].ports[0].containerPort",
        "must be between 1 and 65535, inclusive",
    ),
    (
        "pods",
        (*CONTAINER, "volumeMounts"),
        [{"name": "v", "mountPath": "/v"}],
        "spec.containers[0].volumeMounts[0].name",
        'Not found: "v"',
    ),
    (
        "pods",
        (*CONTAINER, "resources"),
        {"limits": {"cpu": "100m"}, "requests": {"cpu": "1"}},
        "spec.containers[0].resources.requests",
        "must be less than or equal to cpu limit of 100m",
    ),
    ("pods", (*CONTAINER, "livenessProbe"), {}, "spec.containers[0].livenessProbe", "handler type"),
    ("pods", ("spec", "restartPolicy"), "Maybe", "spec.restartPolicy", 'Unsupported value: "Maybe"'),
    ("pods", ("spec", "volumes"), TWO_SOURCES, "spec.volumes[0].secret", "more than 1"),
    ("apps/deployments", ("spec", "replicas"), -1, "spec.replicas", "must be greater than or equal to 0"),
    (
        "apps/deployments",
        ("spec", "selector"),
        {"matchLabels": {"app": "y"}},
        "spec.template.metadata.labels",
        'map[string]string{"app":"x"}: `selector` does not match template `labels`',
    ),
    ("apps/deployments", ("spec", "selector"), ..., "spec.selector", "Required value"),
    ("apps/daemonsets", ("spec", "selector"), {}, "spec.selector", "is invalid for daemonset"),
    ("replicationcontrollers", ("spec", "template"), ..., "spec.template", "Required value"),
    (
        "replicationcontrollers",
        ("spec", "selector"),
        {"app": "y"},
        "spec.template.metadata.labels",
        "`selector` does not match template `labels`",
    ),
    (
        "apps/deployments",
        ("spec", "strategy"),
        {"type": "Recreate", "rollingUpdate": {}},
        "spec.strategy.rollingUpdate",
        "may not be specified when strategy `type` is 'Recreate'",
    ),
    (
        "apps/deployments",
        ("spec", "strategy"),
        {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}},
        "spec.strategy.rollingUpdate.maxUnavailable",
        "may not be 0 when `maxSurge` is 0",
    ),
    (
        "apps/deployments",
        ("spec", "template", "spec", "restartPolicy"),
        "Never",
        "spec.template.spec.restartPolicy",
        'supported values: "Always"',
    ),
    ("batch/jobs", ("spec", "backoffLimit"), -1, "spec.backoffLimit", "greater than or equal to 0"),
    ("batch/cronjobs", ("spec", "schedule"), "* *", "spec.schedule", "expected exactly 5 fields, found 2"),
    ("services", ("spec", "ports"), [], "spec.ports", "Required value"),
    ("services", ("spec", "ports", 0, "port"), 0, "spec.ports[0].port", "between 1 and 65535"),
    ("services", ("spec", "ports"), [{"port": 1}, {"port": 2}], "spec.ports[1].name", "Required value"),
    ("services", ("spec", "type"), "Odd", "spec.type", 'Unsupported value: "Odd"'),
    ("services", ("spec", "ports", 0, "nodePort"), 30000, "spec.ports[0].nodePort", "may not be used"),
    ("rbac.authorization.k8s.io/roles", ("rules", 0, "verbs"), [], "rules[0].verbs", "at least one value"),
    ("rbac.authorization.k8s.io/rolebindings", ("roleRef", "kind"), "X", "roleRef.kind", "Unsupported"),
    ("endpoints", ("subsets", 0, "addresses", 0, "ip"), "x", "subsets[0].addresses[0].ip", "valid IP"),
    ("persistentvolumeclaims", ("spec", "accessModes"), [], "spec.accessModes", "at least 1 access mode"),
]  # fmt: skip


@pytest.mark.parametrize(("storage", "path", "value", "field", "words"), BROKEN)
def test_broken_object_is_refused_at_its_field(storage, path, value, field, words):
    obj = change(complete(storage, GOOD[storage]), path, value)
    causes = validate_create(TABLE.stored(storage), obj)
    assert [cause.message for cause in causes if cause.field == field and words in cause.message]


def test_everything_wrong_is_said_at_once():
    obj = complete("apps/deployments", GOOD["apps/deployments"], name="A")
    obj["spec"]["replicas"] = -1
    obj["spec"]["template"]["spec"]["containers"][0]["image"] = ""
    fields = [cause.field for cause in validate_create(TABLE.stored("apps/deployments"), obj)]
    assert fields == ["metadata.name", "spec.replicas", "spec.template.spec.containers[0].image"]


FROZEN = [
    (
        "apps/deployments",
        ("spec", "selector"),
        {"matchLabels": {"app": "x", "b": "c"}},
        "spec.selector",
        "v1.LabelSelector{MatchLabels:map[string]string{",
    ),
    ("apps/statefulsets", ("spec", "serviceName"), "y", "spec", "updates to statefulset spec"),
    ("pods", ("spec", "hostname"), "y", "spec", "pod updates may not change fields other than"),
    ("secrets", ("type",), "other", "type", "field is immutable"),
    ("batch/jobs", ("spec", "completions"), 3, "spec.completions", "field is immutable"),
    (
        "rbac.authorization.k8s.io/rolebindings",
        ("roleRef", "name"),
        "other",
        "roleRef",
        "cannot change roleRef",
    ),
    ("persistentvolumeclaims", ("spec", "accessModes"), ["ReadOnlyMany"], "spec", "spec is immutable"),
    ("discovery.k8s.io/endpointslices", ("addressType",), "IPv6", "addressType", "field is immutable"),
]


@pytest.mark.parametrize(("storage", "path", "value", "field", "words"), FROZEN)
def test_what_may_not_change_is_refused(storage, path, value, field, words):
    old = complete(storage, GOOD[storage])
    causes = validate_update(TABLE.stored(storage), change(old, path, value), old)
    assert [cause.message for cause in causes if cause.field == field and words in cause.message]


def test_image_and_new_tolerations_of_a_pod_may_change():
    old = complete("pods", GOOD["pods"])
    new = change(old, (*CONTAINER, "image"), "i:2")
    new["spec"]["tolerations"] = [{"operator": "Exists"}]
    assert validate_update(TABLE.stored("pods"), new, old) == []


def test_cluster_ip_stays():
    old = complete("services", {"spec": {"ports": [{"port": 80}], "clusterIP": "198.18.9.1"}})
    causes = validate_update(TABLE.stored("services"), change(old, ("spec", "clusterIP"), "198.18.9.2"), old)
    assert [(c.field, c.message) for c in causes] == [
        ("spec.clusterIPs[0]", 'Invalid value: []string{"198.18.9.2"}: may not change once set')
    ]


def test_immutable_config_map_stays_as_it_is():
    old = complete("configmaps", {"data": {"a": "1"}, "immutable": True})
    causes = validate_update(TABLE.stored("configmaps"), change(old, ("data", "a"), "2"), old)
    assert [cause.field for cause in causes] == ["data"]


def test_object_being_deleted_takes_no_new_finalizer():
    old = complete("configmaps", {})
    old["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    new = change(old, ("metadata", "finalizers"), ["example.com/keep"])
    causes = validate_update(TABLE.stored("configmaps"), new, old)
    assert [cause.field for cause in causes] == ["metadata.finalizers"]


def test_job_without_a_selector_selects_its_own_pods():
    job = complete("batch/jobs", GOOD["batch/jobs"])
    job["metadata"]["uid"] = "u-1"
    generate_selector(job)
    assert job["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": "u-1"}}
    assert job["spec"]["template"]["metadata"]["labels"]["job-name"] == "x"
