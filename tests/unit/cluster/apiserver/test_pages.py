"""Lists in pages: together they are the list as it was at the first page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convoy.cluster.apiserver.pages import ExpiredPageError, Wanted, list_page
from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.resources import ResourceTable
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.store import Key, Store
from convoy.cluster.store.selectors import ANY_FIELDS, EVERYTHING, parse_field_selector, parse_label_selector

PODS = ResourceTable(BUILTIN).stored("pods")


def wanted(limit=0, token="", labels=EVERYTHING, fields=ANY_FIELDS, exactly=None):
    return Wanted(labels, fields, limit, token, exactly)


def filled(names="abcdefg", log_length=100):
    store = Store(None, log_length=log_length)
    store.open()
    for name in names:
        create(store, name)
    return store


def create(store, name, **labels):
    obj = {"metadata": {"name": name, "namespace": "n", "labels": labels}}
    return store.put("pods", Key("n", name), obj, expected=None)


def pages(store, limit, *, between=lambda: None, **more):
    token, found = "", []
    while True:
        page = list_page(store, PODS, None, wanted(limit, token, **more))
        found.append(page)
        token = page.metadata.get("continue", "")
        if not token:
            return found
        between()


def names(found):
    return ["".join(stored.key.name for stored in page.items) for page in found]


def test_pages_follow_each_other():
    found = pages(filled(), 3)
    assert names(found) == ["abc", "def", "g"]
    assert [page.metadata.get("remainingItemCount") for page in found] == [4, 1, None]


@given(st.integers(1, 9), st.integers(0, 12))
def test_pages_are_the_list_whatever_the_limit(limit, count):
    store = filled([f"p{number:02}" for number in range(count)])
    assert [stored for page in pages(store, limit) for stored in page.items] == list(store.list("pods"))


def test_pages_show_the_state_of_the_first_page():
    store = filled()
    fresh = iter(["aa", "zz"])

    def change():
        create(store, next(fresh))
        for stored in store.list("pods")[-2:]:
            store.remove("pods", stored.key, expected=stored.revision)

    found = pages(store, 3, between=change)
    assert names(found) == ["abc", "def", "g"]
    assert {page.metadata["resourceVersion"] for page in found} == {"7"}


def test_a_forgotten_state_is_refused_with_a_token_to_go_on_at_todays():
    store = filled(log_length=2)
    token = list_page(store, PODS, None, wanted(3)).metadata["continue"]
    for name in ("aa", "x", "y", "z"):
        create(store, name)
    with pytest.raises(ExpiredPageError, match="The provided continue parameter is too old") as refused:
        list_page(store, PODS, None, wanted(3, token))
    assert (refused.value.code, refused.value.reason) == (410, "Expired")
    page = list_page(store, PODS, None, wanted(0, refused.value.status["metadata"]["continue"]))
    assert names([page]) == ["defgxyz"]
    assert page.metadata["resourceVersion"] == "11"


def test_selected_objects_fill_pages_without_a_count():
    store = filled("")
    for name in "abcdefgh":
        create(store, name, odd=str("aceg".count(name)))
    found = pages(store, 2, labels=parse_label_selector("odd=1"))
    assert names(found) == ["ac", "eg"]
    assert "remainingItemCount" not in found[0].metadata


def test_one_name_is_looked_up():
    fields = parse_field_selector(PODS, "metadata.name=c")
    assert names([list_page(filled(), PODS, "n", wanted(fields=fields))]) == ["c"]
    assert names([list_page(filled(), PODS, None, wanted(fields=fields))]) == ["c"]
    assert names([list_page(filled(), PODS, "other", wanted(fields=fields))]) == [""]


def test_an_exact_version_is_shown_as_it_was():
    page = list_page(filled(), PODS, None, wanted(exactly=3))
    assert (names([page]), page.metadata) == (["abc"], {"resourceVersion": "3"})
    with pytest.raises(StatusError) as refused:
        list_page(filled(log_length=2), PODS, None, wanted(exactly=3))
    assert refused.value.code == 410


@pytest.mark.parametrize(
    "token",
    ["x", "e30", "bnVsbA", "%%%", "é", "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6InkiLCJzdGFydCI6WyJhIiwiYiJdfQ"],
)
def test_a_token_that_is_none_is_refused(token):
    with pytest.raises(StatusError) as refused:
        list_page(filled(), PODS, None, wanted(3, token))
    assert refused.value.code == 400
