"""A folder's changes become what a cluster is told to run and to end."""

import msgspec

from convoy.api.kube.core import Pod, Service
from convoy.cli.local.following import by_key, plan_difference


def pod(name: str, image: str = "a") -> Pod:
    spec = {"containers": [{"name": "c", "image": image}]}
    return msgspec.convert(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": spec},
        Pod,
    )


def service(name: str) -> Service:
    metadata = {"name": name, "namespace": "default"}
    return msgspec.convert({"apiVersion": "v1", "kind": "Service", "metadata": metadata}, Service)


def test_only_what_differs_is_applied_and_what_is_missing_deleted() -> None:
    current = by_key([service("s"), pod("same"), pod("changed"), pod("gone")])
    wanted = by_key([service("s"), pod("same"), pod("changed", image="b"), pod("new")])
    changed, gone = plan_difference(current, wanted)
    assert [obj.metadata.name for obj in changed] == ["changed", "new"]
    assert [(key.kind, key.name) for key in gone] == [("Pod", "gone")]


def test_an_equal_folder_changes_nothing() -> None:
    assert plan_difference(by_key([pod("p")]), by_key([pod("p")])) == ([], [])
