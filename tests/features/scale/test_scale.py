"""The measure of a large mesh runs as a program, and the mesh can be handed to others as YAML."""

import json
import subprocess
import sys

import msgspec
import pytest
from bench.synthetic.facts import PodGeneration, RouteWeight
from bench.synthetic.feed import Revisions, write_lists
from bench.synthetic.files import write_cluster
from bench.synthetic.injected import injected
from bench.synthetic.manifests import (
    Size,
    endpoint_slice,
    extra_pod,
    host_of,
    manifests,
    pod,
    service_account,
    services_of,
)
from bench.synthetic.source import SyntheticSource
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.route.v3 import route_pb2
from google.protobuf.json_format import ParseDict
from tests.kit.api_server import running_api

from convoy.api.kube.core import Pod
from convoy.config.folder import Folder

KEYS = {
    "vs_change_p99_ms",
    "vs_change_cpu_s",
    "endpoint_change_p99_ms",
    "endpoint_change_cpu_s",
    "churn_p99_ms",
    "churn_cpu_cores",
    "reconnect_s",
    "reconnect_resources",
    "cold_start_s",
    "rss_peak_mb",
}
SMALL = Size(services=7, ports=3, endpoints=2, namespaces=2)
ORDER = {"Namespace": 0, "ServiceAccount": 1}
CORE = {"ServiceAccount": "serviceaccounts", "Service": "services", "Pod": "pods"}


def run(*arguments):
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_every_figure_is_printed_and_nothing_is_sent_to_those_who_come_back():
    done = run(
        "scale", "--quick", "--services", "20", "--clients", "24", "--changes", "2", "--churn-seconds", "0.5"
    )
    assert done.returncode == 0, done.stderr
    *progress, last = done.stdout.splitlines()
    figures = json.loads(last)
    for each in (figures.pop("one_port"), figures):
        assert set(each) == KEYS
        assert each["reconnect_resources"] == 0
        assert all(value > 0 for name, value in each.items() if name.endswith(("_ms", "_mb")))
    assert sum("all 24 configured" in line for line in progress) == 2


def test_more_clients_than_pods_are_refused():
    done = run("scale", "--services", "2", "--endpoints", "2", "--clients", "4")
    assert done.returncode == 2
    assert "more endpoints than clients" in done.stderr


def test_clusters_share_the_services_among_them(tmp_path):
    few = ("--services", "7", "--namespaces", "2", "--clusters", "2", "--changes", "1")
    done = run("synthetic", "--out", str(tmp_path), *few)
    assert done.returncode == 0, done.stderr
    assert {each.name for each in tmp_path.iterdir()} == {
        "cluster-0",
        "cluster-0-changes",
        "cluster-1",
        "cluster-1-changes",
    }
    size = msgspec.structs.replace(SMALL, clusters=2)
    assert [*services_of(size, 0), *services_of(size, 1)] == [0, 1, 4, 5, 2, 3, 6]


def read_folder(path):
    folder = Folder()
    for file in sorted(path.iterdir()):
        folder.read(str(file), file.read_bytes())
    return folder.contents()


def what_counts(obj):
    """Without what only an API server adds; of a pod, of which sources keep more or less, what all keep."""
    if isinstance(obj, Pod):
        return obj.metadata.labels, obj.status
    metadata = msgspec.structs.replace(obj.metadata, creation_timestamp="", uid="")
    return msgspec.structs.replace(obj, metadata=metadata)


def read_as(contents):
    objects = {key: found.obj for key, found in contents.objects.items() if key.kind != "ServiceAccount"}
    return {key: what_counts(obj) for key, obj in objects.items()}


def test_files_are_the_same_every_time_and_say_what_the_source_is_told(tmp_path):
    for name in ("one", "other"):
        write_cluster(tmp_path / name, SMALL)
    for file in sorted((tmp_path / "one").iterdir()):
        assert file.read_bytes() == (tmp_path / "other" / file.name).read_bytes()
    written = read_folder(tmp_path / "one")
    write_lists(tmp_path / "lists", map(injected, manifests(SMALL)), Revisions())
    told = SyntheticSource(tmp_path / "lists", cluster="bench").read()
    assert written.problems == told.problems == ()
    assert len(told.objects) == SMALL.namespaces + SMALL.services * (3 + SMALL.endpoints)
    assert read_as(written) == read_as(told)


async def test_an_api_server_takes_every_object_of_its_own_kinds():
    async with running_api() as api:
        accounts = [service_account(SMALL, number) for number in range(SMALL.services)]
        objects = sorted(
            [*map(injected, manifests(SMALL)), *accounts], key=lambda each: ORDER.get(each["kind"], 9)
        )
        for each in objects:
            if each["kind"] == "Namespace":
                await api.create("/api/v1/namespaces", each)
            elif plural := CORE.get(each["kind"]):
                await api.create(f"/api/v1/namespaces/{each['metadata']['namespace']}/{plural}", each)
        path = "/apis/discovery.k8s.io/v1/namespaces/namespace-0/endpointslices"
        await api.create(path, endpoint_slice(SMALL, 0))


def assignment(*addresses):
    endpoints = [{"endpoint": {"address": {"socket_address": {"address": each}}}} for each in addresses]
    return ParseDict({"endpoints": [{"lb_endpoints": endpoints}]}, endpoint_pb2.ClusterLoadAssignment())


@pytest.mark.parametrize(("newest", "oldest", "holds"), [(2, 0, True), (3, 0, True), (4, 0, False)])
def test_a_pod_has_come_when_it_or_a_newer_one_is_there(newest, oldest, holds):
    addresses = [each["status"]["podIP"] for each in (pod(SMALL, 4, 0), extra_pod(SMALL, 4, 3))]
    assert PodGeneration(SMALL, newest=newest, oldest=oldest).holds(assignment(*addresses)) is holds


@pytest.mark.parametrize(("oldest", "holds"), [(2, True), (3, True), (4, False)])
def test_a_pod_has_gone_when_none_as_old_is_there(oldest, holds):
    addresses = [extra_pod(SMALL, 4, generation)["status"]["podIP"] for generation in (3, 4)]
    assert PodGeneration(SMALL, oldest=oldest).holds(assignment(*addresses)) is holds


@pytest.mark.parametrize(("number", "weight", "holds"), [(4, 83, True), (4, 90, False), (5, 83, False)])
def test_a_route_has_changed_when_its_host_has_the_weight(number, weight, holds):
    def host(of, share):
        clusters = [{"name": "a", "weight": share}, {"name": "b", "weight": 100 - share}]
        routes = [{"route": {"cluster": "a"}}, {"route": {"weighted_clusters": {"clusters": clusters}}}]
        return {"name": f"{host_of(SMALL, of)}:8001", "routes": routes}

    message = ParseDict({"virtual_hosts": [host(4, 83), host(5, 90)]}, route_pb2.RouteConfiguration())
    assert RouteWeight(host_of(SMALL, number), weight).holds(message) is holds
