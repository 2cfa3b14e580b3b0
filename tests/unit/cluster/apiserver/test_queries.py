"""Query parameters and the options that they make."""

import pytest

from convoy.cluster.apiserver.deletions import parse_delete
from convoy.cluster.apiserver.listing import parse_list, parse_watch
from convoy.cluster.apiserver.queries import Query, patch_options, write_options
from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.requests import ADMIN, DeleteOptions
from convoy.cluster.machinery.resources import ResourceTable
from convoy.cluster.machinery.statuses import StatusError

PODS = ResourceTable(BUILTIN).stored("pods")


def refusal(call, *args, **more):
    with pytest.raises(StatusError) as refused:
        call(*args, **more)
    return refused.value.code, refused.value.message


def test_the_first_of_two_values_counts():
    query = Query("a=1&a=2&b=&c=%20x+y")
    assert (query.text("a"), query.has("b"), query.text("c"), query.text("d")) == ("1", True, " x y", "")


def test_numbers_and_flags_are_checked():
    assert Query("limit=5").number("limit") == 5
    assert Query("limit=").number("limit") is None
    assert Query("watch=1").flag("watch") is True
    assert Query("watch").flag("watch") is False
    assert refusal(Query("watch=maybe").flag, "watch")[0] == 400
    for value in ("x", "1.5", "9" * 19, "9" * 5000, "٣"):
        assert refusal(Query(f"limit={value}").number, "limit")[0] == 400


def test_write_options_say_who_and_how():
    options = write_options(
        "CreateOptions", Query("fieldManager=me&dryRun=All&fieldValidation=Strict"), {}, ADMIN
    )
    assert (options.manager, options.dry_run, options.field_validation) == ("me", True, "Strict")


def test_a_writer_without_a_name_is_known_by_its_user_agent():
    options = write_options("CreateOptions", Query(""), {"User-Agent": "kubectl/v1.20 (linux)"}, ADMIN)
    assert options.manager == "kubectl"


def test_impossible_write_options_are_refused_all_at_once():
    query = Query(f"dryRun=Some&fieldValidation=Maybe&fieldManager={'x' * 200}")
    code, message = refusal(write_options, "CreateOptions", query, {}, ADMIN)
    assert code == 422
    assert message.startswith('CreateOptions.meta.k8s.io "" is invalid: [fieldValidation: Unsupported value')
    assert 'dryRun: Unsupported value: "Some": supported values: "All"' in message


def test_force_belongs_to_apply_and_apply_needs_a_manager():
    assert refusal(patch_options, Query("force=true"), {}, ADMIN, is_apply=False) == (
        422,
        'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    )
    assert refusal(patch_options, Query(""), {}, ADMIN, is_apply=True)[0] == 422
    assert patch_options(Query("force=true&fieldManager=me"), {}, ADMIN, is_apply=True).force


@pytest.mark.parametrize(
    ("query", "exactly"),
    [
        ("", None),
        ("resourceVersion=0", None),
        ("resourceVersion=5", None),
        ("resourceVersion=5&limit=2", 5),
        ("resourceVersion=0&limit=2", None),
        ("resourceVersion=5&resourceVersionMatch=Exact", 5),
        ("resourceVersion=5&limit=2&resourceVersionMatch=NotOlderThan", None),
    ],
)
def test_a_version_means_at_least_or_exactly(query, exactly):
    assert parse_list(Query(query), PODS, newest=9).exactly == exactly


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("resourceVersion=x", 400, "invalid syntax"),
        ("resourceVersion=-1", 400, "invalid syntax"),
        ("resourceVersion=10", 504, "Too large resource version: 10, current: 9"),
        ("resourceVersionMatch=Exact", 422, "forbidden unless resourceVersion is provided"),
        ("resourceVersion=0&resourceVersionMatch=Exact", 422, 'forbidden for resourceVersion "0"'),
        ("resourceVersion=1&resourceVersionMatch=Some", 422, "Unsupported value"),
        ("sendInitialEvents=true", 422, "sendInitialEvents is forbidden for list"),
        ("resourceVersion=1&continue=x", 400, "not allowed when using continue"),
        ("labelSelector=a=b=c", 400, "found '='"),
        ("fieldSelector=spec.foo=c", 400, "field label not supported: spec.foo"),
    ],
)
def test_impossible_lists_are_refused(query, code, words):
    found, message = refusal(parse_list, Query(query), PODS, newest=9)
    assert found == code
    assert words in message


def test_a_version_that_is_not_reached_says_when_to_come_again():
    with pytest.raises(StatusError) as refused:
        parse_list(Query("resourceVersion=10"), PODS, newest=9)
    assert refused.value.status["details"] == {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }


@pytest.mark.parametrize(
    ("query", "since", "marks"),
    [
        ("", None, False),
        ("resourceVersion=0", None, False),
        ("resourceVersion=4", 4, False),
        ("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=1", None, True),
        ("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=4", None, False),
        ("sendInitialEvents=false&resourceVersionMatch=NotOlderThan", 9, False),
        ("sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=4", 4, False),
    ],
)
def test_a_watch_begins_where_it_is_told(query, since, marks):
    options = parse_watch(Query(query), PODS, newest=9)
    assert (options.since, options.marks_initial_end) == (since, marks)


@pytest.mark.parametrize(
    "query",
    [
        "sendInitialEvents=true",
        "resourceVersionMatch=NotOlderThan",
        "sendInitialEvents=true&resourceVersionMatch=Exact",
    ],
)
def test_impossible_watches_are_refused(query):
    assert refusal(parse_watch, Query(query), PODS, newest=9)[0] == 422


def test_deletions_are_told_apart():
    assert parse_delete({}) == DeleteOptions()
    assert parse_delete(
        {
            "gracePeriodSeconds": 3,
            "propagationPolicy": "Foreground",
            "preconditions": {"uid": "u", "resourceVersion": "7"},
        }
    ) == DeleteOptions(3, "Foreground", "u", "7")
    assert parse_delete({"orphanDependents": True}).propagation == "Orphan"
    assert parse_delete({"orphanDependents": False}).propagation == "Background"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"propagationPolicy": "Some"}, 422),
        ({"propagationPolicy": "Orphan", "orphanDependents": True}, 422),
        ({"gracePeriodSeconds": "3"}, 400),
        ({"gracePeriodSeconds": True}, 400),
        ({"preconditions": []}, 400),
        ({"preconditions": {"uid": 3}}, 400),
    ],
)
def test_impossible_deletions_are_refused(given, code):
    assert refusal(parse_delete, given)[0] == code
