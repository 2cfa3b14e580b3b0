"""How Go prints values."""

import pytest

from convoy.cluster.schema.wording import number, printed, quoted, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0, "0"),
        (1.0, "1"),
        (0.1, "0.1"),
        (1.5, "1.5"),
        (123456.0, "123456"),
        (1000000.0, "1e+06"),
        (123456789.0, "1.23456789e+08"),
        (-0.00001, "-1e-05"),
        (0.0001, "0.0001"),
        (1e21, "1e+21"),
        (10**20, "100000000000000000000"),
        (float("inf"), "+Inf"),
    ],
)
def test_numbers(value: float, text: str):
    assert number(value) == text


def test_texts_are_quoted_as_go_does():
    assert quoted('a"\\\n\x00é\u200b') == r'"a\"\\\n\x00é\u200b"'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, '"null"'),
        ("a", '"a"'),
        (True, "true"),
        ([1, "a", None], '[]interface {}{1, "a", interface {}(nil)}'),
        ({"b": 1.5, "a": {}}, 'map[string]interface {}{"a":map[string]interface {}{}, "b":1.5}'),
    ],
)
def test_values_of_field_errors(value: object, text: str):
    assert shown(value) == text


def test_values_as_they_print_bare():
    assert printed({"b": [1, "x", None], "a": True}) == "map[a:true b:[1 x <nil>]]"
