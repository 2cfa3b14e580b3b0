"""Tables: the cells of each kind, and what is round them."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from convoy.cluster.apiserver.tables import Include, make_table, partial_metadata_list
from convoy.cluster.apiserver.tables.printers import find_printer
from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.schema import Column

NOW = datetime(2024, 1, 1, 1, 0, tzinfo=UTC)
META: dict[str, Any] = {"name": "x", "namespace": "default", "creationTimestamp": "2024-01-01T00:00:00Z"}
RESOURCES = {(r.group, r.kind): r for r in reversed(BUILTIN)}
CONTAINERS = {"spec": {"containers": [{"name": "a", "image": "i:1"}, {"name": "b", "image": "j"}]}}


def cells(group: str, kind: str, **fields: Any) -> dict[str, Any]:
    """The one row of a table of an object with these fields, by column."""
    table = make_table(RESOURCES[group, kind], [{"metadata": META, **fields}], now=NOW)
    names = [column["name"] for column in table["columnDefinitions"]]
    return dict(zip(names, table["rows"][0]["cells"], strict=True))


def service(kind: str, **spec: Any) -> dict[str, Any]:
    return cells("", "Service", spec={"type": kind, **spec})


def test_a_service_tells_addresses_and_ports() -> None:
    ports = [{"port": 80, "protocol": "TCP", "nodePort": 30080}, {"port": 53, "protocol": "UDP"}]
    row = service("NodePort", clusterIPs=["198.18.101.1"], ports=ports, selector={"b": "2", "a": "1"})
    assert list(row.values()) == [
        "x", "NodePort", "198.18.101.1", "<none>", "80:30080/TCP,53/UDP", "60m", "a=1,b=2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "status", "external"),
    [
        ({"type": "ClusterIP"}, [], "<none>"),
        ({"type": "ClusterIP", "externalIPs": ["192.0.2.1", "192.0.2.2"]}, [], "192.0.2.1,192.0.2.2"),
        ({"type": "LoadBalancer"}, [], "<pending>"),
        ({"type": "LoadBalancer"}, [{"ip": "198.19.0.2"}, {"hostname": "a.test"}], "198.19.0.2,a.test"),
        (
            {"type": "LoadBalancer", "externalIPs": ["192.0.2.1"]},
            [{"ip": "198.19.0.2"}],
            "198.19.0.2,192.0.2.1",
        ),
        ({"type": "ExternalName", "externalName": "example.com"}, [], "example.com"),
    ],
)
def test_a_service_is_reached_from_outside(spec: Any, status: Any, external: str) -> None:
    row = cells("", "Service", spec=spec, status={"loadBalancer": {"ingress": status}})
    assert row["External-IP"] == external


def test_a_service_without_address_and_ports_has_none() -> None:
    row = service("ExternalName", externalName="example.com")
    assert (row["Cluster-IP"], row["Port(s)"], row["Selector"]) == ("<none>", "<none>", "<none>")
    assert service("ClusterIP", clusterIP="None")["Cluster-IP"] == "None"


def test_a_deployment_tells_replicas_and_containers() -> None:
    selector = {
        "matchLabels": {"app": "x"},
        "matchExpressions": [{"key": "t", "operator": "In", "values": ["b", "a"]}],
    }
    spec = {"replicas": 3, "template": CONTAINERS, "selector": selector}
    status = {"readyReplicas": 2, "updatedReplicas": 1, "availableReplicas": 2}
    row = cells("apps", "Deployment", spec=spec, status=status)
    assert list(row.values()) == ["x", "2/3", 1, 2, "60m", "a,b", "i:1,j", "app=x,t in (a,b)"]


def test_kinds_without_columns_tell_when_they_were_made() -> None:
    assert cells("rbac.authorization.k8s.io", "Role") == {
        "Name": "x",
        "Created At": META["creationTimestamp"],
    }


@pytest.mark.parametrize(
    ("spec", "succeeded", "completions"),
    [({"completions": 3}, 1, "1/3"), ({"parallelism": 2}, 1, "1/1 of 2"), ({"parallelism": 1}, 0, "0/1")],
)
def test_a_job_tells_how_many_pods_succeeded(spec: Any, succeeded: int, completions: str) -> None:
    assert cells("batch", "Job", spec=spec, status={"succeeded": succeeded})["Completions"] == completions


@pytest.mark.parametrize(
    ("conditions", "word"),
    [
        ([], "Running"),
        ([{"type": "Complete", "status": "True"}], "Complete"),
        ([{"type": "Failed", "status": "True"}], "Failed"),
        ([{"type": "Suspended", "status": "True"}], "Suspended"),
        ([{"type": "Complete", "status": "False"}], "Running"),
    ],
)
def test_a_job_tells_its_state(conditions: Any, word: str) -> None:
    assert cells("batch", "Job", status={"conditions": conditions})["Status"] == word


def test_a_job_tells_how_long_it_took() -> None:
    started, ended = "2024-01-01T00:10:00Z", "2024-01-01T00:10:42Z"
    assert cells("batch", "Job", status={})["Duration"] == ""
    assert cells("batch", "Job", status={"startTime": started})["Duration"] == "50m"
    assert cells("batch", "Job", status={"startTime": started, "completionTime": ended})["Duration"] == "42s"


def test_a_node_tells_state_and_roles() -> None:
    labels = {"node-role.kubernetes.io/control-plane": "", "kubernetes.io/role": "edge"}
    status = {
        "conditions": [{"type": "Ready", "status": "True"}],
        "addresses": [{"type": "InternalIP", "address": "198.18.0.1"}],
        "nodeInfo": {"kubeletVersion": "v1.32.0", "osImage": "Linux"},
    }
    obj = {"metadata": {**META, "labels": labels}, "spec": {"unschedulable": True}, "status": status}
    row = make_table(RESOURCES["", "Node"], [obj], now=NOW)["rows"][0]["cells"]
    assert row == [
        "x", "Ready,SchedulingDisabled", "control-plane,edge", "60m", "v1.32.0",
        "198.18.0.1", "<none>", "Linux", "<unknown>", "<unknown>",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("conditions", "word"), [([], "Unknown"), ([{"type": "Ready", "status": "False"}], "NotReady")]
)
def test_a_node_that_does_not_answer_says_so(conditions: Any, word: str) -> None:
    assert cells("", "Node", status={"conditions": conditions})["Status"] == word


def test_an_event_tells_about_whom_and_when() -> None:
    row = cells(
        "", "Event",
        involvedObject={"kind": "Pod", "name": "p", "fieldPath": "spec.containers{a}"},
        type="Warning", reason="BackOff", message="no image\n", count=4,
        firstTimestamp="2024-01-01T00:30:00Z", lastTimestamp="2024-01-01T00:59:58Z",
        source={"component": "kubelet", "host": "n1"},
    )  # fmt: skip
    assert list(row.values()) == [
        "2s", "Warning", "BackOff", "pod/p", "spec.containers{a}", "kubelet, n1", "no image", "30m", 4, "x",
    ]  # fmt: skip


def test_an_event_of_the_new_api_has_its_times_elsewhere() -> None:
    row = cells(
        "", "Event",
        eventTime="2024-01-01T00:30:00.000000Z", reportingComponent="c", reportingInstance="c-1",
        series={"count": 9, "lastObservedTime": "2024-01-01T00:50:00.000000Z"},
        involvedObject={"kind": "Node"},
    )  # fmt: skip
    assert (row["Last Seen"], row["First Seen"], row["Count"]) == ("10m", "30m", 9)
    assert (row["Object"], row["Source"]) == ("node", "c, c-1")


def test_endpoints_beyond_three_are_counted() -> None:
    subsets = [{"addresses": [{"ip": "a"}, {"ip": "b"}], "ports": [{"port": 1}, {"port": 2}]}]
    assert cells("", "Endpoints", subsets=subsets)["Endpoints"] == "a:1,b:1,a:2 + 1 more..."
    assert cells("", "Endpoints")["Endpoints"] == "<none>"
    assert (
        cells("", "Endpoints", subsets=[{"notReadyAddresses": [{"ip": "a"}], "ports": [{"port": 1}]}])[
            "Endpoints"
        ]
        == ""
    )


def test_an_endpoint_slice_tells_ports_and_addresses() -> None:
    row = cells(
        "discovery.k8s.io", "EndpointSlice",
        addressType="IPv4", ports=[{"port": 80}, {"name": "all"}], endpoints=[{"addresses": ["a"]}],
    )  # fmt: skip
    assert list(row.values()) == ["x", "IPv4", "80,all", "a", "60m"]
    assert cells("discovery.k8s.io", "EndpointSlice")["Endpoints"] == "<unset>"


def test_a_binding_tells_role_and_subjects() -> None:
    subjects = [
        {"kind": "User", "name": "jane"},
        {"kind": "ServiceAccount", "name": "sa", "namespace": "ns"},
        {"kind": "User", "name": "joe"},
    ]
    row = cells(
        "rbac.authorization.k8s.io", "RoleBinding", roleRef={"kind": "Role", "name": "r"}, subjects=subjects
    )
    assert list(row.values()) == ["x", "Role/r", "60m", "jane, joe", "", "ns/sa"]


@pytest.mark.parametrize(
    ("metrics", "current", "targets"),
    [
        ([], [], "<none>"),
        (
            [{"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 80}}}],
            [],
            "cpu: <unknown>/80%",
        ),
        (
            [{"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 80}}}],
            [{"type": "Resource", "resource": {"current": {"averageUtilization": 10}}}],
            "cpu: 10%/80%",
        ),
        ([{"type": "Pods", "pods": {"target": {"averageValue": "5"}}}], [], "<unknown>/5"),
        (
            [{"type": "Object", "object": {"target": {"value": "5"}}}] * 3,
            [],
            "<unknown>/5, <unknown>/5 + 1 more...",
        ),
        ([{"type": "External", "external": {"target": {"averageValue": "5"}}}], [], "<unknown>/5 (avg)"),
    ],
)
def test_an_autoscaler_tells_what_it_measures(metrics: Any, current: Any, targets: str) -> None:
    row = cells(
        "autoscaling",
        "HorizontalPodAutoscaler",
        spec={"metrics": metrics},
        status={"currentMetrics": current},
    )
    assert row["Targets"] == targets


@pytest.mark.parametrize(
    ("group", "kind", "fields", "expected"),
    [
        ("", "Namespace", {"status": {"phase": "Active"}}, ["x", "Active", "60m"]),
        ("", "ConfigMap", {"data": {"a": ""}, "binaryData": {"b": ""}}, ["x", 2, "60m"]),
        ("", "Secret", {"type": "Opaque", "data": {"a": ""}}, ["x", "Opaque", 1, "60m"]),
        ("", "ServiceAccount", {}, ["x", 0, "60m"]),
        ("", "ResourceQuota", {"status": {"hard": {"pods": "10", "limits.cpu": "2"}, "used": {"pods": "1"}}},
         ["x", "pods: 1/10", "limits.cpu: 0/2", "60m"]),
        ("", "PersistentVolume", {"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
         "claimRef": {"namespace": "n", "name": "c"}}, "status": {"phase": "Bound"}},
         ["x", "1Gi", "RWO", "", "Bound", "n/c", "", "<unset>", "", "60m", "<unset>"]),
        ("", "PersistentVolumeClaim", {"spec": {"volumeName": "v"}, "status": {"phase": "Bound",
         "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany", "ReadWriteOnce"]}},
         ["x", "Bound", "v", "1Gi", "RWO,RWX", "", "<unset>", "60m", "<unset>"]),
        ("", "PodTemplate", {"template": CONTAINERS}, ["x", "a,b", "i:1,j", "<none>"]),
        ("", "ReplicationController", {"spec": {"replicas": 1, "selector": {"a": "b"}}},
         ["x", 1, 0, 0, "60m", "", "", "a=b"]),
        ("", "ComponentStatus", {"conditions": [{"type": "Healthy", "status": "True", "message": "ok"}]},
         ["x", "Healthy", "ok", ""]),
        ("apps", "ReplicaSet", {"spec": {"replicas": 2}}, ["x", 2, 0, 0, "60m", "", "", "<none>"]),
        ("apps", "StatefulSet", {"spec": {"replicas": 2}}, ["x", "0/2", "60m", "", ""]),
        ("apps", "DaemonSet", {"status": {"desiredNumberScheduled": 2, "numberReady": 1}},
         ["x", 2, 0, 1, 0, 0, "<none>", "60m", "", "", "<none>"]),
        ("apps", "ControllerRevision", {"revision": 3}, ["x", "<none>", 3, "60m"]),
        ("batch", "CronJob", {"spec": {"schedule": "* * * * *", "suspend": False}},
         ["x", "* * * * *", "<none>", "False", 0, "<none>", "60m", "", "", "<none>"]),
        ("policy", "PodDisruptionBudget", {"spec": {"minAvailable": "50%"}}, ["x", "50%", "N/A", 0, "60m"]),
        ("networking.k8s.io", "Ingress",
         {"spec": {"ingressClassName": "c", "tls": [{}], "rules": [{"host": "h"}]}},
         ["x", "c", "h", "", "80, 443", "60m"]),
        ("networking.k8s.io", "Ingress", {}, ["x", "<none>", "*", "", "80", "60m"]),
        ("networking.k8s.io", "IngressClass",
         {"spec": {"controller": "c/d", "parameters": {"kind": "K", "apiGroup": "g", "name": "n"}}},
         ["x", "c/d", "K.g/n", "60m"]),
        ("networking.k8s.io", "NetworkPolicy", {"spec": {"podSelector": {}}}, ["x", "<none>", "60m"]),
        ("coordination.k8s.io", "Lease", {"spec": {"holderIdentity": "me"}}, ["x", "me", "60m"]),
        ("scheduling.k8s.io", "PriorityClass", {"value": 5}, ["x", 5, False, "60m", "PreemptLowerPriority"]),
        ("node.k8s.io", "RuntimeClass", {"handler": "h"}, ["x", "h", "60m"]),
        ("storage.k8s.io", "StorageClass", {"provisioner": "p"},
         ["x", "p", "Delete", "Immediate", False, "60m"]),
        ("storage.k8s.io", "CSIDriver", {"spec": {}},
         ["x", True, False, False, "<unset>", False, "<none>", "60m"]),
        ("certificates.k8s.io", "CertificateSigningRequest",
         {"spec": {"signerName": "s", "username": "u", "expirationSeconds": 3600},
          "status": {"conditions": [{"type": "Approved"}], "certificate": "x"}},
         ["x", "60m", "s", "u", "60m", "Approved,Issued"]),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration", {"webhooks": [{}, {}]},
         ["x", 2, "60m"]),
    ],
)  # fmt: skip
def test_each_kind_has_its_own_columns(group: str, kind: str, fields: Any, expected: list[Any]) -> None:
    assert list(cells(group, kind, **fields).values()) == expected


@pytest.mark.parametrize("resource", BUILTIN, ids=lambda each: f"{each.api_version}/{each.kind}")
def test_objects_without_anything_are_printed_in_full_rows(resource: Resource) -> None:
    table = make_table(
        resource,
        [{"metadata": {"name": "x"}}, {"metadata": {"name": "y"}, "spec": {}, "status": {}}],
        now=NOW,
    )
    assert {len(row["cells"]) for row in table["rows"]} == {len(table["columnDefinitions"])}
    names = [column for column in find_printer(resource).columns if column.format == "name"]
    assert [column.name for column in names] == ["Name"]
    orjson.dumps(table)


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        ("None", None),
        ("Metadata", {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": META}),
        ("Object", {"kind": "Deployment", "apiVersion": "extensions/v1beta1", "metadata": META}),
    ],
)
def test_rows_carry_as_much_of_the_object_as_is_asked_for(include: Include, expected: Any) -> None:
    old = RESOURCES["extensions", "Deployment"]
    stored = {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": META}
    assert make_table(old, [stored], now=NOW, include=include)["rows"][0].get("object") == expected


def test_later_events_of_a_watch_have_no_columns() -> None:
    table = make_table(
        RESOURCES["", "Pod"], [], now=NOW, has_columns=False, metadata={"resourceVersion": "7"}
    )
    assert table["columnDefinitions"] == []
    assert table["metadata"] == {"resourceVersion": "7"}


def test_a_scale_has_columns_of_its_own() -> None:
    resource = Resource("autoscaling", "v1", "scales", "Scale", True)
    scale = {"metadata": META, "spec": {"replicas": 3}, "status": {"replicas": 2}}
    assert make_table(resource, [scale], now=NOW)["rows"][0]["cells"] == ["x", 3, 2, "60m"]


CUSTOM = Resource("example.com", "v1", "things", "Thing", True, is_custom=True)


def custom_cells(obj: dict[str, Any], *columns: Column) -> list[Any]:
    found: list[Any] = make_table(CUSTOM, [{"metadata": META, **obj}], now=NOW, columns=columns)["rows"][0][
        "cells"
    ]
    return found


@pytest.mark.parametrize(
    ("kind", "value", "cell"),
    [
        ("string", "a", "a"),
        ("string", ["reviews"], '["reviews"]'),
        ("string", 5, "5"),
        ("string", True, "true"),
        ("string", "", ""),
        ("integer", 5, 5),
        ("integer", 5.7, 5),
        ("integer", "5", None),
        ("integer", True, None),
        ("number", 1.5, 1.5),
        ("boolean", False, False),
        ("boolean", "yes", None),
        ("date", "2024-01-01T00:50:00Z", "10m"),
        ("date", "soon", "<invalid>"),
        ("string", None, None),
    ],
)
def test_a_custom_cell_is_of_its_columns_type(kind: str, value: Any, cell: Any) -> None:
    column = Column("C", kind, ".spec.c")
    assert custom_cells({"spec": {"c": value}}, column) == ["x", cell]


def test_a_custom_cell_without_value_or_path_is_empty() -> None:
    assert custom_cells({}, Column("C", "string", ".spec.c"), Column("D", "string", ".spec[")) == [
        "x",
        None,
        None,
    ]


def test_custom_columns_keep_format_priority_and_description() -> None:
    column = Column("C", "integer", ".spec.c", format="int32", description="d", priority=1)
    definitions = make_table(CUSTOM, [], now=NOW, columns=(column,))["columnDefinitions"]
    assert definitions[1] == {
        "name": "C",
        "type": "integer",
        "format": "int32",
        "description": "d",
        "priority": 1,
    }


def test_metadata_alone_can_be_listed() -> None:
    listed = partial_metadata_list([{"metadata": META, "spec": {}}], metadata={"resourceVersion": "7"})
    assert listed["items"] == [
        {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": META}
    ]
