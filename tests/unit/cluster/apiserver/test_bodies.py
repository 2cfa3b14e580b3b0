"""Request bodies."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convoy.cluster.apiserver.bodies import decode_json, decode_object, decode_yaml
from convoy.cluster.machinery.statuses import StatusError


def code_of(call, *args):
    with pytest.raises(StatusError) as refused:
        call(*args)
    orjson.dumps(refused.value.status)
    return refused.value.code


@pytest.mark.parametrize("content_type", ["", "application/json", "application/json; charset=UTF-8"])
def test_json_is_taken_also_without_a_content_type(content_type):
    assert decode_object(b'{"a":1}', content_type) == {"a": 1}


def test_yaml_is_taken_as_go_takes_it():
    text = b"day: 2026-01-02\nports: 22:30\nnumber: 1e3\nhex: 0x10\nmode: 0644\nx: =\nyes: true\n7: seven\n"
    assert decode_object(text, "application/yaml") == {
        "day": "2026-01-02",
        "ports": "22:30",
        "number": 1000.0,
        "hex": 16,
        "mode": 0o644,
        "x": "=",
        "true": True,
        "7": "seven",
    }


def test_merge_keys_and_aliases_are_written_out():
    text = b"base: &b {a: 1}\none: {<<: *b, c: 2}\ntwo: *b\n"
    assert decode_yaml(text) == {"base": {"a": 1}, "one": {"a": 1, "c": 2}, "two": {"a": 1}}


def test_a_small_document_that_writes_out_huge_is_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert code_of(decode_yaml, "\n".join(lines).encode()) == 400


@pytest.mark.parametrize(
    "text",
    [
        b"a: &a [*a]",
        b"a: [",
        b"!!python/object:os.system {}",
        b"a: !!binary aGVsbG8=",
        b"? {a: 1}\n: 1",
        b"\xff",
        b"x: !!set {a}",
        b"- " * 100_000,
        b"{a: " * 100_000,
    ],
)
def test_yaml_that_json_cannot_say_is_refused(text):
    assert code_of(decode_yaml, text) == 400


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[1]", b'"x"', b"null", b'{"a": NaN}', b'{"a": "\\ud800"}', b"\xff", b'{"a":1}x']
)
def test_what_is_no_json_object_is_refused(text):
    assert code_of(decode_object, text, "application/json") == 400


def test_an_object_that_could_not_be_written_again_is_refused():
    def nested(depth):
        return b'{"a":' * depth + b"1" + b"}" * depth

    assert decode_json(nested(200))
    assert code_of(decode_json, nested(202)) == 400
    assert code_of(decode_json, b"[" * 5000) == 400
    wide = orjson.dumps([{"a": []}] * 300)
    assert len(decode_json(wide)) == 300


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/cbor", "json"]
)
def test_other_media_types_are_refused(content_type):
    assert code_of(decode_object, b"{}", content_type) == 415


@given(st.binary(max_size=60) | st.text(alphabet="{}[]:,-&*!#|>'\"\n ab1\t", max_size=40).map(str.encode))
def test_any_bytes_are_an_object_or_refused(data):
    for content_type in ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf"):
        try:
            orjson.dumps(decode_object(data, content_type))
        except StatusError as refused:
            orjson.dumps(refused.status)
