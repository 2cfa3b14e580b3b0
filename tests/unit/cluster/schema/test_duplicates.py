"""Keys that stand twice in a JSON object."""

import pytest

from convoy.cluster.schema import find_duplicates


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        (b'{"a": 1, "b": 2}', []),
        (b'{"a": 1, "a": 2}', ["a"]),
        (b'{"spec": {"replicas": 1, "replicas": 1}}', ["spec.replicas"]),
        (b'{"a": [{"b": 1}, {"b": 1, "b": 2}], "c": 1, "c": 1, "c": 1}', ["c", "a[1].b"]),
        (b'{"a": {"x": 1}, "a": {"y": 1, "y": 2}}', ["a", "a.y"]),
    ],
)
def test_each_is_told_once(body: bytes, paths: list[str]):
    assert find_duplicates(body) == [f'duplicate field "{path}"' for path in paths]
