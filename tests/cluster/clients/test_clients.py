"""What Python clients of Kubernetes do, with three libraries."""

import itertools
import random
import string
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
from tests.cluster.clients.talking import (
    CONFIG_MAP,
    DEPLOYMENT,
    POD,
    Kind,
    Object,
    RefusedError,
    Talker,
)

pytestmark = [pytest.mark.world, pytest.mark.timeout(120)]
T = TypeVar("T")


@pytest.fixture
def name() -> str:
    """A name that no other test has."""
    return "".join(random.choices(string.ascii_lowercase, k=10))


def config_map(name: str, *, labels: dict[str, str] | None = None, **data: str) -> Object:
    metadata: Object = {"name": name, **({"labels": labels} if labels else {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def deployment(name: str, **spec: Any) -> Object:
    labels = {"app": name}
    pod = {"terminationGracePeriodSeconds": 1, "containers": [{"name": "web", "image": "nginx"}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    whole = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": whole}


def until(look: Callable[[], T], *, timeout: float = 20.0) -> T:
    """What there is to see once it is true."""
    end = time.monotonic() + timeout
    while not (seen := look()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
    return seen


@pytest.fixture(scope="module")
def pod(talker: Talker) -> str:
    """A pod that runs: it counts aloud and answers on port 8080."""
    spec = {"terminationGracePeriodSeconds": 1, "containers": [{"name": "c1", "image": "busybox"}]}
    talker.create(POD, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "talks"}, "spec": spec})
    until(lambda: talker.get(POD, "talks")["status"].get("phase") == "Running")
    return "talks"


def refusal(attempt: Callable[[], object]) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        attempt()
    return refused.value


def test_object_that_was_made_can_be_read(talker: Talker, name: str) -> None:
    made = talker.create(CONFIG_MAP, config_map(name, a="1"))
    read = talker.get(CONFIG_MAP, name)
    assert read["data"] == {"a": "1"}
    assert read["metadata"]["uid"] == made["metadata"]["uid"]


def test_name_can_be_generated(talker: Talker, name: str) -> None:
    body = config_map(name)
    body["metadata"] = {"generateName": f"{name}-"}
    assert talker.create(CONFIG_MAP, body)["metadata"]["name"].startswith(f"{name}-")


def test_objects_are_listed_by_label(talker: Talker, name: str) -> None:
    for suffix, tier in (("a", "front"), ("b", "back")):
        talker.create(CONFIG_MAP, config_map(f"{name}-{suffix}", labels={name: tier}))
    (found,) = talker.select(CONFIG_MAP, labels=f"{name}=back")
    assert found["metadata"]["name"] == f"{name}-b"


def test_objects_are_listed_by_field(talker: Talker, name: str) -> None:
    talker.create(CONFIG_MAP, config_map(name))
    (found,) = talker.select(CONFIG_MAP, fields=f"metadata.name={name}")
    assert found["metadata"]["name"] == name


def test_pages_together_are_the_list(talker: Talker, name: str) -> None:
    for number in range(3):
        talker.create(CONFIG_MAP, config_map(f"{name}-{number}"))
    whole = [each["metadata"]["name"] for each in talker.select(CONFIG_MAP)]
    assert [each["metadata"]["name"] for each in talker.select(CONFIG_MAP, page=2)] == whole
    assert len(whole) > 2


def test_object_is_replaced(talker: Talker, name: str) -> None:
    made = talker.create(CONFIG_MAP, config_map(name, a="1"))
    assert talker.replace(CONFIG_MAP, {**made, "data": {"b": "2"}})["data"] == {"b": "2"}


def test_stale_object_is_refused(talker: Talker, name: str) -> None:
    made = talker.create(CONFIG_MAP, config_map(name, a="1"))
    talker.patch(CONFIG_MAP, name, {"data": {"a": "2"}}, "merge")
    error = refusal(lambda: talker.replace(CONFIG_MAP, made))
    assert error.code == 409
    assert "the object has been modified" in error.message


def test_taken_name_is_refused(talker: Talker, name: str) -> None:
    talker.create(CONFIG_MAP, config_map(name))
    error = refusal(lambda: talker.create(CONFIG_MAP, config_map(name)))
    assert (error.code, error.message) == (409, f'configmaps "{name}" already exists')


def test_missing_object_is_not_found(talker: Talker) -> None:
    assert refusal(lambda: talker.get(CONFIG_MAP, "nobody")).code == 404


def test_invalid_object_is_refused(talker: Talker, name: str) -> None:
    error = refusal(lambda: talker.create(DEPLOYMENT, deployment(name, replicas=-1)))
    assert error.code == 422
    assert "spec.replicas: Invalid value: -1: must be greater than or equal to 0" in error.message


def test_merge_patch_replaces_and_removes(talker: Talker, name: str) -> None:
    talker.create(CONFIG_MAP, config_map(name, a="1", b="2"))
    changed = talker.patch(CONFIG_MAP, name, {"data": {"a": None, "c": "3"}}, "merge")
    assert changed["data"] == {"b": "2", "c": "3"}


def test_json_patch_changes_one_place(talker: Talker, name: str) -> None:
    talker.create(CONFIG_MAP, config_map(name, a="1", b="2"))
    operations = [{"op": "test", "path": "/data/a", "value": "1"}, {"op": "remove", "path": "/data/a"}]
    assert talker.patch(CONFIG_MAP, name, operations, "json")["data"] == {"b": "2"}
    assert refusal(lambda: talker.patch(CONFIG_MAP, name, operations, "json")).code == 422


def test_strategic_patch_keeps_the_other_containers(talker: Talker, name: str) -> None:
    talker.create(DEPLOYMENT, deployment(name))
    more = {"spec": {"template": {"spec": {"containers": [{"name": "more", "image": "busybox"}]}}}}
    changed = talker.patch(DEPLOYMENT, name, more, "strategic")
    assert {each["name"] for each in changed["spec"]["template"]["spec"]["containers"]} == {"web", "more"}


def test_apply_makes_and_changes(talker: Talker, name: str) -> None:
    assert talker.apply(CONFIG_MAP, config_map(name, a="1", b="2"), manager="me")["data"]["b"] == "2"
    assert talker.apply(CONFIG_MAP, config_map(name, a="3"), manager="me")["data"] == {"a": "3"}


def test_apply_over_somebody_elses_field_is_refused_unless_forced(talker: Talker, name: str) -> None:
    talker.apply(CONFIG_MAP, config_map(name, a="1"), manager="me")
    theirs = config_map(name, a="2")
    error = refusal(lambda: talker.apply(CONFIG_MAP, theirs, manager="them"))
    assert error.code == 409
    assert 'conflict with "me": .data.a' in error.message
    assert talker.apply(CONFIG_MAP, theirs, manager="them", force=True)["data"] == {"a": "2"}


def test_status_is_written_apart(talker: Talker, name: str) -> None:
    talker.create(DEPLOYMENT, deployment(name, paused=True))
    condition = {"type": "Tested", "status": "True", "lastUpdateTime": None}
    changed = talker.patch_status(
        DEPLOYMENT, name, {"spec": {"replicas": 7}, "status": {"conditions": [condition]}}
    )
    assert changed["spec"]["replicas"] == 0
    assert "Tested" in {each["type"] for each in changed["status"]["conditions"]}


def test_scaled_deployment_gets_pods_and_is_available(talker: Talker, name: str) -> None:
    talker.create(DEPLOYMENT, deployment(name))
    # Until its first status is there, a scale that was read is soon out of date.
    until(lambda: talker.get(DEPLOYMENT, name).get("status", {}).get("observedGeneration"))
    talker.scale(DEPLOYMENT, name, 2)
    until(lambda: talker.get(DEPLOYMENT, name).get("status", {}).get("availableReplicas") == 2)
    assert len(talker.select(POD, labels=f"app={name}")) == 2
    talker.delete(DEPLOYMENT, name)
    until(lambda: not talker.select(POD, labels=f"app={name}"))


def test_deleted_object_is_gone(talker: Talker, name: str) -> None:
    talker.create(CONFIG_MAP, config_map(name))
    talker.delete(CONFIG_MAP, name)
    assert refusal(lambda: talker.get(CONFIG_MAP, name)).code == 404
    assert refusal(lambda: talker.delete(CONFIG_MAP, name)).code == 404


def test_watch_tells_what_happened_since(talker: Talker, name: str) -> None:
    since = talker.create(CONFIG_MAP, config_map(f"{name}-first"))["metadata"]["resourceVersion"]
    talker.create(CONFIG_MAP, config_map(name, a="1"))
    talker.patch(CONFIG_MAP, name, {"data": {"a": "2"}}, "merge")
    talker.delete(CONFIG_MAP, name)
    events = list(itertools.islice(talker.watch(CONFIG_MAP, since=since), 3))
    assert [event for event, _ in events] == ["ADDED", "MODIFIED", "DELETED"]
    assert [obj["data"] for _, obj in events] == [{"a": "1"}, {"a": "2"}, {"a": "2"}]


def test_watch_from_too_long_ago_is_refused(talker: Talker) -> None:
    events: Iterator[Any] = talker.watch(CONFIG_MAP, since="1")
    error = refusal(lambda: next(events))
    assert error.code == 410
    assert "too old resource version: 1" in error.message


def test_log_of_a_pod_is_read(talker: Talker, pod: str) -> None:
    until(lambda: "tick 2" in talker.log(pod))
    assert talker.log(pod).startswith("serving on 8080\n")
    assert talker.log(pod, tail=1).count("tick") == 1


def test_log_of_a_pod_is_followed(talker: Talker, pod: str) -> None:
    lines = [line.strip() for line in itertools.islice(talker.follow(pod), 5)]
    assert lines == ["serving on 8080", "tick 1", "tick 2", "tick 3", "tick 4"]


def test_command_runs_in_a_pod(talker: Talker, pod: str) -> None:
    ran = talker.exec(pod, ["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (ran.code, ran.stdout, ran.stderr) == (3, "out\n", "err\n")


def test_long_output_of_a_command_comes_whole(talker: Talker, pod: str) -> None:
    ran = talker.exec(pod, ["seq", "60000"])
    assert ran.code == 0
    assert ran.stdout.split() == [str(number) for number in range(1, 60001)]


@pytest.mark.parametrize("namespace", ["kubernetes", "kr8s"], indirect=True)  # lightkube cannot
def test_port_of_a_pod_is_forwarded(talker: Talker, pod: str) -> None:
    with talker.forward(pod, 8080) as fetch:
        assert fetch(b"GET / HTTP/1.1\r\nHost: pod\r\n\r\n").endswith(b"answered")


def test_custom_resource_is_made_read_and_checked(talker: Talker, widget: Kind, name: str) -> None:
    body = {"apiVersion": widget.api_version, "kind": widget.kind, "metadata": {"name": name}, "spec": {}}
    assert talker.create(widget, body)["spec"] == {"size": 3}
    assert [each["metadata"]["name"] for each in talker.select(widget)] == [name]
    error = refusal(lambda: talker.patch(widget, name, {"spec": {"size": 0}}, "merge"))
    assert error.code == 422
    assert "spec.size: Invalid value: 0" in error.message
