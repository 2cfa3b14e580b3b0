"""Variables and arguments of containers."""

from typing import Any

import msgspec
import pytest
from tests.cluster.manifests import pod

from convoy.api.kube.core import Container, Pod
from convoy.cluster.kubelet.environment import MissingReferenceError, build_environment, expand, expand_all
from convoy.cluster.objects import ObjectStore, parse_manifest
from convoy.cluster.types import ClusterSpec

SPEC = ClusterSpec("east", "198.18.1.0/24", "198.18.101.0/24")


def _store(*manifests: dict[str, Any]) -> ObjectStore:
    store = ObjectStore(SPEC)
    for manifest in manifests:
        store.put(parse_manifest(manifest), taken=())
    return store


def _object(kind: str, name: str, data: dict[str, str]) -> dict[str, Any]:
    field = "stringData" if kind == "Secret" else "data"
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, field: data}


def _pod() -> Pod:
    manifest = pod("web-1", address="198.18.1.9", serviceAccountName="keeper")
    manifest["metadata"]["annotations"] = {"team": "blue"}
    parsed = parse_manifest(manifest)
    assert isinstance(parsed, Pod)
    return parsed


def _build(env: list[dict[str, Any]], *objects: dict[str, Any], **fields: Any) -> dict[str, str]:
    container = msgspec.convert({"name": "app", "env": env, **fields}, Container)
    return build_environment(container, _pod(), _store(*objects), base={"PATH": "/bin"})


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$(A)-$(B)", "1-2"),
        ("$$(A)", "$(A)"),
        ("$(MISSING)", "$(MISSING)"),
        ("$A $ $(", "$A $ $("),
        ("$$$(A)", "$1"),
    ],
)
def test_references_are_expanded_as_kubernetes_does(text: str, result: str) -> None:
    assert expand(text, {"A": "1", "B": "2"}) == result


def test_variables_that_double_with_each_step_are_refused() -> None:
    doubled = [{"name": f"V{n}", "value": f"$(V{n - 1})$(V{n - 1})" if n else "xx"} for n in range(60)]
    with pytest.raises(MissingReferenceError, match="becomes longer than 131072"):
        _build(doubled)
    wide = [{"name": f"W{n}", "value": "$(V15)$(V15)"} for n in range(60)]
    with pytest.raises(MissingReferenceError, match="become longer than 4194304"):
        _build([*doubled[:16], *wide])
    with pytest.raises(MissingReferenceError, match="become longer than 4194304"):
        expand_all(["$(V)"] * 60, {"V": "x" * 100_000})


def test_later_variables_use_earlier_ones() -> None:
    env = _build(
        [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)$(A) $(C)"}, {"name": "C", "value": "3"}]
    )
    assert env == {"PATH": "/bin", "A": "1", "B": "11 $(C)", "C": "3"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "web-1"),
        ("metadata.namespace", "default"),
        ("spec.serviceAccountName", "keeper"),
        ("status.podIP", "198.18.1.9"),
        ("metadata.labels['app']", "web"),
        ("metadata.annotations['team']", "blue"),
        ("metadata.annotations['none']", ""),
    ],
)
def test_fields_of_the_pod_become_variables(path: str, value: str) -> None:
    assert _build([{"name": "X", "valueFrom": {"fieldRef": {"fieldPath": path}}}])["X"] == value


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(MissingReferenceError, match=r'"spec\.colour" is not a field'):
        _build([{"name": "X", "valueFrom": {"fieldRef": {"fieldPath": "spec.colour"}}}])


def test_keys_of_objects_become_variables() -> None:
    references = [
        {"name": "X", "valueFrom": {"secretKeyRef": {"name": "s", "key": "word"}}},
        {"name": "Y", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "size"}}},
    ]
    env = _build(
        references, _object("Secret", "s", {"word": "hush"}), _object("ConfigMap", "c", {"size": "3"})
    )
    assert (env["X"], env["Y"]) == ("hush", "3")


def test_all_keys_of_an_object_become_variables_with_a_prefix() -> None:
    source = {"prefix": "C_", "configMapRef": {"name": "c"}}
    assert _build([], _object("ConfigMap", "c", {"A": "1"}), envFrom=[source])["C_A"] == "1"


def test_a_missing_object_or_key_is_named_unless_optional() -> None:
    reference = {"name": "c", "key": "size"}
    missing = [{"name": "X", "valueFrom": {"configMapKeyRef": reference}}]
    with pytest.raises(MissingReferenceError, match="ConfigMap default/c does not exist"):
        _build(missing)
    with pytest.raises(MissingReferenceError, match='"c" has no key "size"'):
        _build(missing, _object("ConfigMap", "c", {}))
    optional = [{"name": "X", "valueFrom": {"configMapKeyRef": {**reference, "optional": True}}}]
    assert "X" not in _build(optional)
    assert "X" not in _build(optional, _object("ConfigMap", "c", {}))
