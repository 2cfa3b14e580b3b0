"""Facts about reading objects: what is accepted, and what is said about the rest."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convoy.api import codes
from convoy.api.istio.peer_authentication import PeerAuthentication
from convoy.api.istio.virtual_service import VirtualService
from convoy.api.kinds import KINDS
from convoy.api.meta import ObjectKey
from convoy.api.reading import read_objects
from convoy.api.schema import check_schema

VIRTUAL_SERVICE = """\
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata:
  name: reviews
spec:
  hosts: [reviews]
  http:
  - route:
    - destination:
        host: reviews
"""


NAMESPACE = "apiVersion: v1\nkind: Namespace"


def read(text: str):
    return read_objects(text.encode(), file="a.yaml")


def found(text: str):
    return {(p.code, p.field, p.line) for p in read(text).all_problems()}


def messages(text: str) -> str:
    return " ".join(" ".join(map(str, read(text).all_problems())).split())


def test_object_is_typed_and_gets_the_default_namespace():
    (item,) = read(VIRTUAL_SERVICE).objects
    assert isinstance(item.obj, VirtualService)
    assert item.key == ObjectKey("VirtualService", "default", "reviews")
    assert item.obj.metadata.namespace == "default"
    assert item.problems == ()


def test_all_schema_mistakes_are_found_at_once_with_line_and_path():
    text = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  htp: []
  hosts:
  - null
  http:
  - match:
    - headers: {end-user: null}
    timeout: 10
    route:
    - destination: {subset: v1}
      weight: "50"
    - 7
"""
    assert found(text) == {
        (codes.UNKNOWN_FIELD, "spec.htp", 5),
        (codes.NULL_ELEMENT, "spec.hosts[0]", 7),
        (codes.NULL_ELEMENT, "spec.http[0].match[0].headers.end-user", 10),
        (codes.WRONG_TYPE, "spec.http[0].timeout", 11),
        (codes.MISSING_FIELD, "spec.http[0].route[0].destination.host", 13),
        (codes.WRONG_TYPE, "spec.http[0].route[0].weight", 14),
        (codes.WRONG_TYPE, "spec.http[0].route[1]", 15),
    }
    assert 'Did you mean "http"?' in messages(text)


def test_unknown_enum_value_lists_the_known_ones():
    text = """\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default}
spec: {mtls: {mode: STRIC}}
"""
    assert found(text) == {(codes.UNKNOWN_VALUE, "spec.mtls.mode", 4)}
    assert '"STRIC" is not one of UNSET, DISABLE, PERMISSIVE, STRICT. Did you mean "STRICT"?' in messages(
        text
    )


def test_null_fields_are_dropped():
    text = VIRTUAL_SERVICE + "  tls: null\nstatus: ~\n"
    (item,) = read(text).objects
    assert item.problems == ()
    assert item.obj == read(VIRTUAL_SERVICE).objects[0].obj


def test_whole_numbers_written_as_decimals_are_whole_numbers():
    (item,) = read(VIRTUAL_SERVICE + "      weight: 50.0\n").objects
    assert item.obj.spec.http[0].route[0].weight == 50


def test_number_keys_of_mappings_are_text():
    text = """\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default}
spec: {selector: {matchLabels: {app: a}}, portLevelMtls: {9080: {mode: STRICT}}}
"""
    (item,) = read(text).objects
    assert isinstance(item.obj, PeerAuthentication)
    assert list(item.obj.spec.port_level_mtls) == ["9080"]


def test_addresses_that_istio_gave_an_entry_are_no_mistake():
    text = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: a}
spec: {hosts: [a.example.com], ports: [{number: 80, name: http}], resolution: DNS}
status: {addresses: [{host: a.example.com, value: 240.240.0.1}]}
"""
    assert found(text) == set()


def test_list_is_taken_apart_with_its_lines():
    indented = "".join(f"  {line}\n" for line in VIRTUAL_SERVICE.replace("hosts:", "hots:").splitlines())
    text = "apiVersion: v1\nkind: List\nitems:\n- " + indented.lstrip()
    assert found(text) == {(codes.UNKNOWN_FIELD, "spec.hots", 9)}


def test_duplicate_key_refuses_only_its_object():
    reading = read(
        VIRTUAL_SERVICE + "  hosts: [b]\n---\n" + VIRTUAL_SERVICE.replace("name: reviews", "name: b")
    )
    assert [item.is_refused for item in reading.objects] == [True, False]
    assert {(p.code, p.field) for p in reading.all_problems()} == {(codes.DUPLICATE_KEY, "spec.hosts")}


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        ("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}", codes.IGNORED_KIND, "kind"),
        ("apiVersion: a.dev/v1\nkind: Service\nmetadata: {name: a}", codes.IGNORED_KIND, "kind"),
        (
            "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: a}",
            codes.NOT_BUILT_KIND,
            "kind",
        ),
        (
            "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: a}",
            codes.NOT_BUILT_KIND,
            "kind",
        ),
        (
            "apiVersion: networking.istio.io/v2\nkind: Gateway\nmetadata: {name: a}",
            codes.UNKNOWN_VERSION,
            "apiVersion",
        ),
        ("kind: Pod\nmetadata: {name: a}", codes.NOT_AN_OBJECT, "apiVersion"),
        ("apiVersion: v1\nmetadata: {name: a}", codes.NOT_AN_OBJECT, "kind"),
        ("apiVersion: v1\nkind: Namespace\nmetadata: {}", codes.NOT_AN_OBJECT, "metadata.name"),
        (f"{NAMESPACE}\nmetadata: {{name: a, namespace: b}}", codes.BAD_METADATA, "metadata.namespace"),
        ("apiVersion: v1\nkind: Namespace", codes.MISSING_FIELD, "metadata"),
        ("apiVersion: v1\nkind: List\nitems: 5", codes.WRONG_TYPE, "items"),
        ("- a", codes.NOT_AN_OBJECT, ""),
        ("hello", codes.NOT_AN_OBJECT, ""),
    ],
)  # fmt: skip
def test_what_is_no_object_of_ours_is_told_apart(text, code, field):
    (problem,) = read(text).all_problems()
    assert (problem.code, problem.field) == (code, field)


def test_misspelled_kind_has_a_suggestion():
    text = VIRTUAL_SERVICE.replace("kind: VirtualService", "kind: VirtualServce")
    assert 'Did you mean "VirtualService"?' in messages(text)


@pytest.mark.parametrize(
    "data", ["{a: hunter2x7}", "{a: [hunter2x7]}", "{a: 27182818}", "hunter2x7", "{a: !!int hunter2x7}"]
)
def test_secrets_are_never_quoted(data):
    text = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\ndata: {data}\ntype: [hunter2x7]\n"
    assert read(text).all_problems()
    assert "hunter2x7" not in messages(text)
    assert "27182818" not in messages(text)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(kind=st.sampled_from(KINDS), spec=PLAIN, metadata=PLAIN)
def test_any_plain_data_gives_objects_or_problems(kind, spec, metadata):
    data = {"apiVersion": kind.api_versions[0], "kind": kind.name, "metadata": metadata, "spec": spec}
    reading = read_objects(msgspec.json.encode(data), file="a.json")
    assert all((item.obj is None) == item.is_refused for item in reading.objects)


@given(st.binary(max_size=100))
def test_any_bytes_give_objects_or_problems(content):
    reading = read_objects(content, file="a.yaml")
    assert all(problem.file == "a.yaml" for problem in reading.all_problems())


SCALARS = {
    msgspec.inspect.StrType: st.text(max_size=4),
    msgspec.inspect.IntType: st.integers(-5, 70_000) | st.just(50.0),
    msgspec.inspect.FloatType: st.floats(0, 100) | st.integers(0, 100),
    msgspec.inspect.BoolType: st.booleans(),
    msgspec.inspect.NoneType: st.none(),
    msgspec.inspect.AnyType: PLAIN,
    msgspec.inspect.CustomType: PLAIN,
}


def draw_nearly(draw, info):
    """Data of a type's shape, but now and then anything in place of a part."""
    if draw(st.integers(0, 30)) == 0:
        return draw(PLAIN)
    if type(info) in SCALARS:
        return draw(SCALARS[type(info)])
    if isinstance(info, msgspec.inspect.EnumType):
        return draw(st.sampled_from([member.value for member in info.cls]))
    if isinstance(info, msgspec.inspect.UnionType):
        return draw_nearly(draw, draw(st.sampled_from(info.types)))
    if isinstance(info, msgspec.inspect.ListType):
        return [draw_nearly(draw, info.item_type) for _ in range(draw(st.integers(0, 2)))]
    if isinstance(info, msgspec.inspect.DictType):
        keys = draw(st.lists(st.text(max_size=3), max_size=2))
        return {key: draw_nearly(draw, info.value_type) for key in keys}
    chosen = [field for field in info.fields if field.required or draw(st.integers(0, 3)) == 0]
    return {field.encode_name: draw_nearly(draw, field.type) for field in chosen}


@given(kind=st.sampled_from([kind for kind in KINDS if kind.group]), data=st.data())
def test_walk_finds_problems_exactly_where_decoding_fails(kind, data):
    given = draw_nearly(data.draw, msgspec.inspect.type_info(kind.struct))
    clean, problems = check_schema(given, kind.struct)
    if problems:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(given, kind.struct)
    else:
        assert isinstance(msgspec.convert(clean, kind.struct), kind.struct)
