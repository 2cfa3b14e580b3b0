"""Paths of printer columns."""

from typing import Any

import pytest

from convoy.cluster.apiserver.tables.jsonpath import parse_path

OBJ: dict[str, Any] = {
    "spec": {"hosts": ["a", "b", "c"], "replicas": 0, "a.b/c": "odd", "tls": {"mode": "MUTUAL"}},
    "status": {
        "conditions": [
            {"type": "Ready", "status": "True", "order": 1},
            {"type": "Synced", "status": "False", "order": 2},
        ]
    },
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".spec.hosts", [["a", "b", "c"]]),
        ("spec.replicas", [0]),
        ("$.spec.tls.mode", ["MUTUAL"]),
        ("{.spec.tls.mode}", ["MUTUAL"]),
        (".spec.hosts[0]", ["a"]),
        (".spec.hosts[-1]", ["c"]),
        (".spec.hosts[0,2]", ["a", "c"]),
        (".spec.hosts[1:]", ["b", "c"]),
        (".spec.hosts[:2]", ["a", "b"]),
        (".spec.hosts[::2]", ["a", "c"]),
        (".spec.hosts[9]", []),
        (".spec.hosts[*]", ["a", "b", "c"]),
        (".spec.tls.*", ["MUTUAL"]),
        (".spec['a.b/c']", ["odd"]),
        (r".spec.a\.b/c", ["odd"]),
        (".spec['replicas','missing']", [0]),
        (".spec.missing.deeper", []),
        ("..mode", ["MUTUAL"]),
        ('.status.conditions[?(@.type=="Ready")].status', ["True"]),
        (".status.conditions[?(@.type == 'Synced')].status", ["False"]),
        (".status.conditions[?(@.order>1)].type", ["Synced"]),
        (".status.conditions[?(@.order<=1)].type", ["Ready"]),
        (".status.conditions[?(@.type!='Ready')].order", [2]),
        (".status.conditions[?(@.missing)].type", []),
        (".status.conditions[?(@.order)].type", ["Ready", "Synced"]),
        (".status.conditions[?(@.type>1)].type", []),
        (".", [OBJ]),
        ("@", [OBJ]),
    ],
)
def test_a_path_finds_what_is_there(path: str, found: list[Any]) -> None:
    assert parse_path(path).find(OBJ) == found


@pytest.mark.parametrize(
    "path", [".a[", ".a[?(@.b==)]", ".a['b'", ".a[x]", ".a[1,]", ".a[?(@.b", ".a['b',c]"]
)
def test_a_path_that_ends_too_soon_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is no JSON path"):
        parse_path(path)
