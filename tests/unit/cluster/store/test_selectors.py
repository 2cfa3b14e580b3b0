"""Selectors: what they select, and the words with which they are refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.resources import Resource, ResourceTable
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.store.selectors import label_selector_of, parse_field_selector, parse_label_selector

TABLE = ResourceTable(BUILTIN)
PODS = TABLE.stored("pods")
EVENTS = TABLE.stored("events")
NODES = TABLE.stored("nodes")
CUSTOM = Resource("example.com", "v1", "widgets", "Widget", True, is_custom=True)


@pytest.mark.parametrize(
    ("text", "labels", "selected"),
    [
        ("", {}, True),
        ("app=web", {"app": "web"}, True),
        ("app=web", {"app": "api"}, False),
        ("app=web", {}, False),
        ("app==web", {"app": "web"}, True),
        ("app!=web", {}, True),
        ("app != web", {"app": "web"}, False),
        ("app=", {"app": ""}, True),
        ("app=,tier=x", {"app": "", "tier": "x"}, True),
        ("app", {"app": "anything"}, True),
        ("!app", {"app": "anything"}, False),
        ("! app", {}, True),
        ("app in (web, api),tier notin (db)", {"app": "api"}, True),
        ("app in (web, api),tier notin (db)", {"app": "api", "tier": "db"}, False),
        ("app in (,web)", {"app": ""}, True),
        ("a.example.com/app = web", {"a.example.com/app": "web"}, True),
        ("generation>3", {"generation": "4"}, True),
        ("generation<3", {"generation": "4"}, False),
        ("generation>3", {"generation": "x"}, False),
        ("in in (in)", {"in": "in"}, True),
    ],
)
def test_label_selectors_select(text, labels, selected):
    assert parse_label_selector(text).matches(labels) is selected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a in (b", "unable to parse requirement: found '', expected: ',', ')' or identifier"),
        ("a=(", "unable to parse requirement: found '(', expected: identifier"),
    ],
)
def test_a_malformed_label_selector_is_refused_in_the_known_words(text, message):
    with pytest.raises(StatusError) as refused:
        parse_label_selector(text)
    assert (refused.value.code, refused.value.message) == (400, message)


@pytest.mark.parametrize(
    "text", ["-a=b", "a=-b", f"a={'x' * 64}", "A/b/c=d", "a in ()", "a>b", "é=1", "a=b c"]
)
def test_impossible_labels_are_refused(text):
    with pytest.raises(StatusError):
        parse_label_selector(text)


@given(st.text(alphabet="ab=!,()<> in/.-", max_size=20))
def test_any_text_is_a_label_selector_or_a_bad_request(text):
    with suppress(StatusError):
        parse_label_selector(text).matches({"a": "b"})


def test_the_selector_type_selects_as_its_text_does():
    selector = label_selector_of(
        {
            "matchLabels": {"app": "web"},
            "matchExpressions": [
                {"key": "tier", "operator": "NotIn", "values": ["db"]},
                {"key": "gone", "operator": "DoesNotExist"},
            ],
        }
    )
    assert selector.matches({"app": "web", "tier": "front"})
    assert not selector.matches({"app": "web", "tier": "db"})
    assert not selector.matches({"app": "web", "gone": ""})


def test_an_empty_selector_is_everything_and_a_missing_one_nothing():
    assert label_selector_of({}).is_everything
    assert not label_selector_of(None).matches({})


POD = {
    "metadata": {"name": "a", "namespace": "default"},
    "spec": {"nodeName": "node1"},
    "status": {"phase": "Running"},
}


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("", True),
        ("metadata.name=a", True),
        ("metadata.name!=a", False),
        ("metadata.namespace==default", True),
        ("spec.nodeName=node1,status.phase!=Succeeded,status.phase!=Failed", True),
        ("spec.nodeName=", False),
        ("status.podIP=", True),
        ("spec.hostNetwork=false", True),
        ("status.phase=Runn\\=ing", False),
    ],
)
def test_field_selectors_select(text, selected):
    assert parse_field_selector(PODS, text).matches(POD) is selected


def test_a_boolean_field_is_compared_as_text():
    node = {"metadata": {"name": "n"}, "spec": {"unschedulable": True}}
    assert parse_field_selector(NODES, "spec.unschedulable=true").matches(node)


def test_the_source_of_an_event_is_its_component():
    event = {"metadata": {"name": "e"}, "source": {"component": "kubelet"}}
    assert parse_field_selector(EVENTS, "source=kubelet").matches(event)
    assert parse_field_selector(EVENTS, "involvedObject.uid=,source!=x").matches(event)


@pytest.mark.parametrize(
    ("resource", "text", "message"),
    [
        (PODS, "spec.foo=1", "field label not supported: spec.foo"),
        (CUSTOM, "spec.foo=1", "field label not supported: spec.foo"),
        (NODES, "metadata.namespace=x", "field label not supported: metadata.namespace"),
        (
            TABLE.stored("configmaps"),
            "data=1",
            '"data" is not a known field selector: only "metadata.name", "metadata.namespace"',
        ),
        (PODS, "foo", "invalid selector: 'foo'; can't understand 'foo'"),
    ],
)
def test_an_unknown_field_is_refused_in_the_known_words(resource, text, message):
    with pytest.raises(StatusError) as refused:
        parse_field_selector(resource, text)
    assert (refused.value.code, refused.value.message) == (400, message)


@given(st.text(alphabet="metadata.name=!,\\x", max_size=30))
def test_any_text_is_a_field_selector_or_a_bad_request(text):
    with suppress(StatusError):
        parse_field_selector(PODS, text).matches(POD)


def test_a_selector_of_one_name_tells_it():
    assert parse_field_selector(PODS, "metadata.name=a").exact("metadata.name") == "a"
    assert parse_field_selector(PODS, "metadata.name!=a").exact("metadata.name") is None
