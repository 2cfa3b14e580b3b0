"""The table against Kubernetes' definitions, every kind there and back, and bytes that are none."""

import base64
from functools import cache
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.cluster.apiserver.protobuf.encoding import chunk, encode_body, text, varint
from tests.unit.cluster.apiserver.protobuf.test_captured import CAPTURED

from convoy.cluster.apiserver.protobuf import decode_body
from convoy.cluster.apiserver.protobuf.decoding import DEEPEST, MAGIC, decode_value
from convoy.cluster.apiserver.protobuf.fields import Field, Message, load_fields
from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.statuses import StatusError

KINDS = sorted(
    (api_version, kind) for api_version, messages in load_fields().kinds.items() for kind in messages
)
_TEXT = st.text(min_size=1, max_size=4)
_SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "s": _TEXT,
    "b": st.binary(min_size=1, max_size=4).map(lambda data: base64.b64encode(data).decode()),
    "t": st.just(True),
    "i": st.integers(-(2**31), 2**31 - 1).filter(bool),
    "d": st.floats(allow_nan=False, allow_infinity=False).filter(bool),
    "intstr": _TEXT | st.integers(1, 2**31 - 1),
    "json": st.dictionaries(_TEXT, st.booleans(), min_size=1, max_size=1),
    "raw": st.dictionaries(_TEXT, st.integers(0, 9), min_size=1, max_size=1),
    "strings": st.lists(_TEXT, min_size=1, max_size=2),
    "quantity": st.sampled_from(("100m", "1Gi")),
}


def values(kind: str | Message, depth: int) -> st.SearchStrategy[Any]:
    if isinstance(kind, dict):
        return objects(kind, depth + 1)
    if kind in ("orbool", "orarray", "orstrings"):
        schema = objects(load_fields().schema, depth + 1)
        other = {"orbool": st.booleans(), "orarray": st.lists(schema, min_size=1, max_size=2)}
        return schema | other.get(kind, st.lists(_TEXT, min_size=1, max_size=2))
    return _SCALARS[kind]


@st.composite
def objects(draw: st.DrawFn, message: Message, depth: int = 0) -> dict[str, Any]:
    """An object with a few of a message's fields, none of them zero."""
    out: dict[str, Any] = {}
    usable = [field for field in message.values() if field.kind not in ("time", "microtime", "duration")]
    for field in draw(st.lists(st.sampled_from(usable), max_size=3 if depth < 5 else 0)) if usable else ():
        value = values(field.kind, depth)
        if field.shape == "inline":
            out |= draw(value)
        elif field.shape == "list":
            out[field.name] = draw(st.lists(value, min_size=1, max_size=2))
        elif field.shape == "map":
            out[field.name] = draw(st.dictionaries(st.text(max_size=3), value, min_size=1, max_size=2))
        else:
            out[field.name] = draw(value)
    return out


@settings(max_examples=150)
@given(st.data())
def test_objects_of_every_kind_come_back_as_they_were_sent(data: st.DataObject) -> None:
    api_version, kind = data.draw(st.sampled_from(KINDS))
    message = load_fields().kinds[api_version][kind]
    obj = {"apiVersion": api_version, "kind": kind, **data.draw(objects(message))}
    assert decode_body(encode_body(obj)) == obj


@pytest.mark.parametrize("resource", BUILTIN, ids=lambda each: f"{each.api_version}/{each.kind}")
def test_every_built_in_kind_and_those_of_its_subresources_can_be_read(resource: Any) -> None:
    bodies = [
        (resource.api_version, resource.kind),
        *((s.api_version, s.kind) for s in resource.subresources),
    ]
    assert [each for each in bodies if load_fields().find(*each) is None] == []


@pytest.mark.parametrize("api_version", ["v1", "apps/v1", "networking.istio.io/v1", "meta.k8s.io/v1"])
def test_delete_options_are_known_in_every_version(api_version: str) -> None:
    options = {"apiVersion": api_version, "kind": "DeleteOptions", "propagationPolicy": "Orphan"}
    assert decode_body(encode_body(options)) == options


@cache
def definitions() -> dict[str, Any]:
    import kubernetes_validate

    folder = f"{kubernetes_validate.__path__[0]}/kubernetes-json-schema/v1.32.0-local"
    with open(f"{folder}/_definitions.json", "rb") as file:
        found: dict[str, Any] = orjson.loads(file.read())["$defs"]
    return found


def names(message: Message) -> set[str]:
    inner = (
        names(field.kind) for field in message.values() if field.shape == "inline" and _is_message(field)
    )
    return {field.name for field in message.values() if field.name}.union(*inner)


def _is_message(field: Field) -> bool:
    return isinstance(field.kind, dict)


def missing(message: Message, definition: str, seen: set[str]) -> list[str]:
    """Properties of a definition, and of those it refers to, that the message does not have."""
    if definition in seen:
        return []
    seen.add(definition)
    properties = definitions()[definition].get("properties", {})
    # `status` of a Scale, and kinds' own types, are beside the fields.
    found = [f"{definition}.{name}" for name in properties.keys() - names(message) - {"apiVersion", "kind"}]
    for name, field in fields_of(message):
        schema = properties.get(name, {})
        inner = schema.get("$ref") or schema.get("items", {}).get("$ref")
        inner = inner or (schema.get("additionalProperties") or {}).get("$ref")
        if inner and isinstance(field.kind, dict):
            found += missing(field.kind, inner.removeprefix("#/$defs/"), seen)
    return found


def fields_of(message: Message) -> list[tuple[str, Field]]:
    own = [(field.name, field) for field in message.values() if field.name]
    inlined = [field.kind for field in message.values() if not field.name and isinstance(field.kind, dict)]
    return [*own, *(pair for inner in inlined for pair in fields_of(inner))]


def test_no_property_of_kubernetes_definitions_is_missing() -> None:
    seen: set[str] = set()
    found = []
    for name, definition in definitions().items():
        for gvk in definition.get("x-kubernetes-group-version-kind", ()):
            api_version = f"{gvk['group']}/{gvk['version']}" if gvk["group"] else gvk["version"]
            message = load_fields().kinds.get(api_version, {}).get(gvk["kind"])
            if message is not None:
                found += missing(message, name, seen)
    assert len(seen) > 300
    assert sorted(found) == []


def meta(name: str, data: bytes) -> Any:
    """One field of an object's metadata."""
    body = MAGIC + chunk(1, text(1, "v1") + text(2, "ConfigMap")) + chunk(2, chunk(1, data))
    return decode_body(body)["metadata"].get(name)


def test_times_are_written_to_the_second_and_zero_times_not_at_all() -> None:
    assert meta("creationTimestamp", chunk(8, b"\x08" + varint(1700000000) + b"\x10\x00")) == (
        "2023-11-14T22:13:20Z"
    )
    assert meta("creationTimestamp", chunk(8, b"")) is None
    assert meta("creationTimestamp", chunk(8, b"\x08\x00\x10\x00")) == "1970-01-01T00:00:00Z"


def test_micro_times_have_six_digits() -> None:
    field = Field("renewTime", "microtime", "kept")
    sent = b"\x08" + varint(1) + b"\x10" + varint(5_000)
    assert decode_value(field, sent, 0) == "1970-01-01T00:00:01.000005Z"


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_500, "1.5µs"),
        (-2_000_000, "-2ms"),
        (1_500_000_000, "1.5s"),
        (60_000_000_000, "1m0s"),
        (3_600_000_000_001, "1h0m0.000000001s"),
    ],
)
def test_durations_are_in_go_s_words(nanoseconds: int, text: str) -> None:
    assert decode_value(Field("d", "duration", "kept"), b"\x08" + varint(nanoseconds), 0) == text


def test_a_raw_object_may_be_in_an_envelope_of_its_own() -> None:
    inner = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque"}
    data = chunk(2, chunk(1, encode_body(inner)))
    body = MAGIC + chunk(1, text(1, "apps/v1") + text(2, "ControllerRevision")) + chunk(2, data)
    assert decode_body(body)["data"] == inner


def test_custom_kinds_are_refused_as_a_media_type() -> None:
    body = MAGIC + chunk(1, text(1, "example.com/v1") + text(2, "Thing")) + chunk(2, b"")
    with pytest.raises(StatusError) as caught:
        decode_body(body)
    assert caught.value.code == 415


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"k8s\0\x0a",
        MAGIC + varint(3 << 3 | 3),
        MAGIC + b"\xff" * 20,
        MAGIC + chunk(1, text(1, "v1") + text(2, "Pod")) + chunk(2, b"\x08\x01"),
        MAGIC + chunk(1, text(1, "v1") + text(2, "Pod")) + chunk(3, b"gzip"),
        MAGIC + chunk(1, text(1, "v1") + text(2, "Pod")) + chunk(2, chunk(1, chunk(1, b"\xff"))),
    ],
    ids=["nothing", "json", "cut", "group", "endless", "wrong-type", "encoded", "not-utf8"],
)
def test_bytes_that_are_no_object_are_a_bad_request(body: bytes) -> None:
    with pytest.raises(StatusError) as caught:
        decode_body(body)
    assert caught.value.code == 400


def test_schemas_without_an_end_are_refused() -> None:
    schema = b""
    for _ in range(DEEPEST + 1):
        schema = chunk(28, schema)  # `not`
    versions = chunk(7, text(1, "v1") + chunk(4, chunk(1, schema)))
    kind = chunk(1, text(1, "apiextensions.k8s.io/v1") + text(2, "CustomResourceDefinition"))
    with pytest.raises(StatusError, match="nested"):
        decode_body(MAGIC + kind + chunk(2, chunk(2, versions)))


@pytest.mark.parametrize(("depth", "code"), [(60, None), (70, 400), (900, 400)])
def test_json_in_a_field_may_be_nested_so_deep(depth: int, code: int | None) -> None:
    raw = b'{"a":' * depth + b"1" + b"}" * depth
    data = chunk(2, chunk(1, raw))
    body = MAGIC + chunk(1, text(1, "apps/v1") + text(2, "ControllerRevision")) + chunk(2, data)
    try:
        orjson.dumps(decode_body(body))
        found = None
    except StatusError as error:
        found = error.code
    assert found == code


BODIES = [base64.b64decode(each["body"]) for each in CAPTURED]


@settings(max_examples=300)
@given(st.data())
def test_broken_bodies_raise_nothing_but_a_status(data: st.DataObject) -> None:
    body = bytearray(data.draw(st.sampled_from(BODIES)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(4, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        orjson.dumps(decode_body(bytes(body)))
    except StatusError as error:
        assert error.code in (400, 415)  # noqa: PT017


@settings(max_examples=200)
@given(kind=st.sampled_from(KINDS), data=st.binary(max_size=60))
def test_random_bytes_of_any_kind_raise_nothing_but_a_status(kind: tuple[str, str], data: bytes) -> None:
    body = MAGIC + chunk(1, text(1, kind[0]) + text(2, kind[1])) + chunk(2, data)
    try:
        orjson.dumps(decode_body(body))
    except StatusError as error:
        assert error.code == 400  # noqa: PT017
