"""The script is the article's, and every sabotage changes it and names a row that there is."""

import copy

import pytest

from convoy.cli.demo import promises
from convoy.cli.demo.sabotage import SABOTAGES
from convoy.cli.demo.script import Script, build_remote_service, find, load_script, with_address

CHECKS = (
    *promises.AFTER_DEPLOYING,
    *promises.WHILE_ALONE,
    *promises.WHEN_FOUND,
    *promises.CONNECTED,
)


def parts(script: Script) -> list[object]:
    return [getattr(script, field) for field in Script.__struct_fields__]


def test_every_promise_has_one_row() -> None:
    assert sorted(check.number for check in CHECKS) == list(range(1, 13))
    assert len({check.name for check in CHECKS}) == len(CHECKS)


def test_a_row_stands_only_on_rows_that_are_tried_before_it() -> None:
    seen: set[str] = set()
    for check in CHECKS:
        assert {*check.needs, *check.unless} <= seen
        seen.add(check.name)


@pytest.mark.parametrize("name", SABOTAGES)
def test_a_sabotage_changes_the_script_and_names_a_row(name) -> None:
    script = load_script()
    untouched = copy.deepcopy(parts(script))
    SABOTAGES[name].edit(script)
    assert parts(script) != untouched
    assert SABOTAGES[name].row in {check.name for check in CHECKS}


def test_every_promise_of_the_article_can_be_broken() -> None:
    broken = {sabotage.row for sabotage in SABOTAGES.values()}
    assert broken == {check.name for check in CHECKS if check.number <= 11}


def test_the_address_is_filled_in_where_the_article_has_a_variable() -> None:
    [entry, _] = with_address(load_script().remote, "192.0.2.7")
    assert entry["spec"]["endpoints"][0]["address"] == "192.0.2.7"
    assert entry["spec"] == {
        **build_remote_service("reviews", vip="240.0.0.3", address="192.0.2.7")["spec"],
        "endpoints": [{"address": "192.0.2.7", "labels": {"cluster": "cluster2"}, "ports": {"http1": 15443}}],
    }


def test_an_object_that_is_not_there_is_named() -> None:
    with pytest.raises(KeyError, match="Service nope"):
        find(load_script().gateway, "Service", "nope")
