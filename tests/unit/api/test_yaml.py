"""Facts about YAML as kubectl reads it, with the line of every value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convoy.api import codes
from convoy.api.yaml import Document, parse_yaml


def only(text: str) -> Document:
    documents, problems = parse_yaml(text.encode())
    assert problems == []
    (document,) = documents
    return document


def fault(content: str | bytes):
    documents, problems = parse_yaml(content.encode() if isinstance(content, str) else content)
    assert documents == []
    (problem,) = problems
    return problem


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("Off", False),
        ("y", True),
        ("'yes'", "yes"),
        ("1.10", 1.1),
        ("9080", 9080),
        ("0777", 511),
        ("0o17", 15),
        ("0x1f", 31),
        ("0b11", 3),
        ("08", 8.0),
        ("-5", -5),
        ("1_000", 1000),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("9" * 5000, "9" * 5000),
        ("2024-01-01", "2024-01-01"),
        ("240.0.0.3", "240.0.0.3"),
        (".inf", ".inf"),
        ("10s", "10s"),
        ("!!str 5", "5"),
        ("!!int '5'", 5),
        ("! 5", "5"),
        ("!!binary aGk=", "hi"),
    ],
)
def test_scalars_mean_what_they_mean_to_kubectl(text, value):
    assert only(f"a: {text}").data == {"a": value}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[1.2.3.4, 001:db8::]", ["1.2.3.4", "001:db8::"]),
        ("[a:, b]", ["a:", "b"]),
        ("[a:b, 1:20]", ["a:b", "1:20"]),
        ("[a :, b]", ["a :", "b"]),
        ("[a':, b\":]", ["a':", 'b":']),
        ("{a:, b: c:}", {"a:": None, "b": "c:"}),
        ("{a:: b}", {"a:": "b"}),
        ("[a: ]", [{"a": None}]),
        ("[a:\n]", [{"a": None}]),
        ("[a: b:, c]", [{"a": "b:"}, "c"]),
        ('{"a":[b:], "c":{d:}}', {"a": ["b:"], "c": {"d:": None}}),
        ("{k: [a:], \"b\" :[c], 'd':{e: f}}", {"k": ["a:"], "b": ["c"], "d": {"e": "f"}}),
        ("[&x a, *x , b:]", ["a", "a", "b:"]),
        ("[&x a, *x:, b:, c*d:]", ["a", {"a": None}, "b:", "c*d:"]),
        ("[a:, 'b:,', \"c:]\"] # d:}", ["a:", "b:,", "c:]"]),
    ],
)
def test_colon_without_a_space_behind_it_is_text(text, value):
    assert only(text).data == value
    assert only(f"k: {text.replace(chr(10), chr(10) + ' ')}").data == {"k": value}


words = st.text(st.sampled_from("ab1.:/-'\""), max_size=6).map("x".__add__)


@given(st.lists(words, min_size=1, max_size=4), words, words)
def test_words_with_colons_are_whole_in_brackets(items, key, value):
    listed = f"[{','.join(items)}]"
    assert only(listed).data == items
    document = only(f"a:\n- {{{key}: {listed}, k: {value}}}\nb: {value[0]}")
    assert document.data == {"a": [{key: items, "k": value}], "b": "x"}
    assert (document.lines["a"], document.lines["a[0]"], document.lines["b"]) == (1, 2, 3)


def test_values_beside_a_colon_keep_their_lines():
    document = only("a: [b:,\n  c:,\n d\ue000]\ne: f")
    assert document.data == {"a": ["b:", "c:", "d\ue000"], "e": "f"}
    assert [document.lines[path] for path in ("a[0]", "a[1]", "a[2]", "e")] == [1, 2, 3, 4]


def test_mistake_behind_a_colon_is_told_with_its_line():
    assert fault("a: [b:,\n  c:,\n d\ne: f").line == 4


@pytest.mark.parametrize("text", ["[::1]", "[a, :]", '["a"::b]', "{:a}"])
def test_text_in_brackets_does_not_begin_with_a_colon(text):
    assert fault(text).code is codes.YAML_SYNTAX


def test_keys_become_text():
    assert only("80: a\ntrue: b\n1.5: c").data == {"80": "a", "true": "b", "1.5": "c"}


def test_every_value_has_its_line():
    document = only("a:\n  - b: 1\n    c:\n      d.e/f: 2\n")
    assert document.lines == {"": 1, "a": 1, "a[0]": 2, "a[0].b": 2, "a[0].c": 3, 'a[0].c["d.e/f"]': 4}


def test_empty_documents_are_skipped():
    documents, problems = parse_yaml(b"---\n# nothing\n---\na: 1\n---\n")
    assert [d.data for d in documents] == [{"a": 1}]
    assert problems == []


def test_json_with_tabs_and_surrogates_is_read():
    assert only('{\n\t"a": "\\/",\n\t"b": [1]\n}').lines["b[0]"] == 3
    assert only('{"a": "\\ud83d\\ude00"}').data == {"a": "\N{GRINNING FACE}"}


def test_anchors_and_merges_are_followed():
    document = only("base: &b {x: 1, z: 2}\na:\n  <<: *b\n  z: 3\nc: *b\n")
    assert document.data == {"base": {"x": 1, "z": 2}, "a": {"x": 1, "z": 3}, "c": {"x": 1, "z": 2}}


def test_duplicate_key_is_a_problem_of_its_document_naming_both_lines():
    document = only("a: 1\nb: 2\na: 3\n")
    (problem,) = document.problems
    assert (problem.code, problem.field, problem.line) == (codes.DUPLICATE_KEY, "a", 3)
    assert "line 1" in problem.message
    assert document.data["a"] == 1


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("a:\n\tb: 1", 2, "tab"),
        ("a: 1\nb: c: d", 2, "mapping values"),
        ("a: *x", 1, "stands for nothing"),
        ("&x [*x]", 1, "stands for nothing"),
        ("a: !Ref b", 1, "tag"),
        ("a: !!int x", 1, "tagged int"),
        ("a: !!binary '%'", 1, "base64"),
        ("? [a]\n: b", 1, "key"),
        ("~: a", 1, "key"),
        ("a: &x 1\n<<: *x", 2, "not a mapping"),
        (b"a: 1\nb: \xff", 2, "UTF-8"),
        (b"a: \x00", 1, "characters"),
        ("[" * 200_000, 1, "nested"),
        ("- " * 200_000, 1, "nested"),
        ("a" * (17 << 20), 1, "larger"),
    ],
)
def test_what_cannot_be_read_is_one_problem_with_its_line(content, line, words):
    problem = fault(content)
    assert (problem.code, problem.line) == (codes.YAML_SYNTAX, line)
    assert words in problem.message


def test_alias_bomb_is_refused():
    levels = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    assert "unfolds" in fault("\n".join(["a0: &a0 [x]", *levels])).message


@given(st.binary(max_size=200))
def test_any_bytes_give_documents_or_a_problem(content):
    documents, problems = parse_yaml(content)
    assert not (documents and problems)


FRAGMENTS = [
    "a: ",
    "- ",
    "\n",
    "  ",
    "\t",
    "[",
    "]",
    "{",
    "}",
    "&x ",
    "*x",
    "<<: ",
    "!!int ",
    "'",
    '"',
    "? ",
    "~",
]


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=30))
def test_any_mixture_of_yaml_syntax_gives_documents_or_a_problem(fragments):
    documents, problems = parse_yaml("".join(fragments).encode())
    assert not (documents and problems)
