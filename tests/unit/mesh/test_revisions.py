"""Revisions are what they would be if made anew, and know in what they differ."""

from hypothesis import given
from hypothesis import strategies as st

from convoy.mesh.revisions import Revision

_ITEMS = st.dictionaries(st.integers(0, 9), st.integers(0, 3))


@given(_ITEMS, _ITEMS, st.sets(st.integers(0, 9)))
def test_a_revision_is_the_mapping_with_the_changes(
    items: dict[int, int], news: dict[int, int], gone: set[int]
) -> None:
    old = Revision(sorted(items.items()), order=int)
    new = old.revised(news, gone)
    expected = {key: value for key, value in {**items, **news}.items() if key in news or key not in gone}
    assert list(new.items()) == sorted(expected.items())
    keys = items.keys() | expected.keys()
    assert new.changed_since(old) == frozenset(key for key in keys if items.get(key) != expected.get(key))
    assert (new is old) == (items == expected)


def test_without_an_order_new_keys_are_last() -> None:
    assert list(Revision({2: "b"}).revised({1: "a"})) == [2, 1]


def test_of_others_than_the_one_before_nothing_is_known() -> None:
    first = Revision({1: "a"})
    second = first.revised({1: "b"})
    third = second.revised({1: "c"})
    assert third.changed_since(first) is None
    assert third.changed_since(None) is None
    assert first.changed_since(second) is None


@given(_ITEMS, _ITEMS)
def test_what_is_made_anew_can_keep_the_old_objects(items: dict[int, int], others: dict[int, int]) -> None:
    old = Revision(((key, (value,)) for key, value in sorted(items.items())), order=int)
    new = Revision(((key, (value,)) for key, value in sorted(others.items())), order=int)
    kept = new.keeping(old)
    assert list(kept.items()) == list(new.items())
    assert all(kept[key] is old[key] for key in kept if key in old and old[key] == kept[key])
    assert (kept is old) == (items == others)
    # What is made of the new one leads from the kept one, too.
    after = new.revised({10: (0,)})
    assert after.changed_since(kept) == frozenset({10})
