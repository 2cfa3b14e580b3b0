"""Sets of fields behave as sets of paths do."""

import random

import pytest

from convoy.cluster.patches.fields import (
    LEAF,
    Fields,
    difference,
    intersection,
    ordered,
    parse_fields,
    paths,
    union,
    without,
)

NAMES = ("f:a", "f:b", 'k:{"n":1}', 'v:"x"')
Path = tuple[str, ...]


def set_of(members: set[Path]) -> Fields:
    """The tree in which exactly these paths are."""
    root: Fields = {}
    for path in members:
        node = root
        for name in path:
            node = node.setdefault(name, {})
        node["."] = {}
    return collapsed(root)


def collapsed(node: Fields) -> Fields:
    return {
        name: LEAF if set(child) == {"."} else collapsed(child) if child else LEAF
        for name, child in node.items()
    }


def members_of(fields: Fields, prefix: Path = ()) -> set[Path]:
    found = set()
    for name, node in fields.items():
        if name == ".":
            continue
        if not node or "." in node:
            found.add((*prefix, name))
        found |= members_of(node, (*prefix, name))
    return found


def random_members(rng: random.Random) -> set[Path]:
    return {tuple(rng.choice(NAMES) for _ in range(rng.randint(1, 4))) for _ in range(rng.randint(0, 8))}


def is_tidy(fields: Fields) -> bool:
    """Without nodes for nothing, and leaves written in one way."""
    return all(node != {".": {}} and is_tidy(node) for node in fields.values())


def test_operations_are_those_of_sets_of_paths():
    rng = random.Random(3)
    for _ in range(3000):
        left, right = random_members(rng), random_members(rng)
        a, b = set_of(left), set_of(right)
        below = {path for path in left if any(path[: len(top)] == top for top in right)}
        for made, expected in (
            (union(a, b), left | right),
            (difference(a, b), left - right),
            (intersection(a, b), left & right),
            (without(a, b), left - below),
        ):
            assert members_of(made) == expected, (left, right)
            assert is_tidy(made)
        assert (members_of(a), members_of(b)) == (left, right)


def test_order_changes_nothing_but_the_order():
    rng = random.Random(4)
    for _ in range(300):
        fields = set_of(random_members(rng))
        assert ordered(fields) == fields
        assert parse_fields(fields) == fields
        assert list(ordered(fields)) == sorted(fields)


def test_items_are_ordered_by_their_keys_as_values():
    ports = ['k:{"containerPort":8080,"protocol":"TCP"}', 'k:{"containerPort":443,"protocol":"UDP"}']
    ports += ['k:{"containerPort":443,"protocol":"TCP"}', "."]
    assert list(ordered(dict.fromkeys(ports, LEAF))) == [ports[3], ports[2], ports[1], ports[0]]
    assert list(ordered(dict.fromkeys(("v:10", "v:9", 'v:"a"', "v:true"), LEAF))) == [
        "v:9",
        "v:10",
        'v:"a"',
        "v:true",
    ]


def test_paths_are_written_as_in_messages():
    item = 'k:{"containerPort":80,"protocol":"TCP"}'
    fields = {
        "f:spec": {"f:ports": {item: {".": {}, "f:name": {}}}, "f:replicas": {}},
        "f:metadata": {"f:finalizers": {'v:"a/b"': {}}, "f:labels": {"f:app.kubernetes.io/name": {}}},
    }
    assert list(paths(fields)) == [
        '.metadata.finalizers[="a/b"]',
        ".metadata.labels.app.kubernetes.io/name",
        ".spec.replicas",
        '.spec.ports[containerPort=80,protocol="TCP"]',
        '.spec.ports[containerPort=80,protocol="TCP"].name',
    ]


def test_sets_from_outside_are_written_in_one_way():
    raw = {"f:a": {".": {}}, 'k:{"b": 1, "a": "x"}': None, "v: 3": {}, "i:07": {}, "x:new": {"f:a": {}}}
    assert parse_fields(raw) == {"f:a": {}, 'k:{"a":"x","b":1}': {}, "v:3": {}, "i:7": {}}


@pytest.mark.parametrize(
    "raw",
    [
        [],
        "f:a",
        {"f:a": 1},
        {"f": {}},
        {"fa": {}},
        {"": {}},
        {"k:[1]": {}},
        {"k:{": {}},
        {"v:": {}},
        {"i:a": {}},
    ],
)
def test_what_is_no_set_is_refused(raw):
    with pytest.raises(ValueError):  # noqa: PT011
        parse_fields(raw)
