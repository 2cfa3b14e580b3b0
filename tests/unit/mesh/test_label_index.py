"""An index of which some things are exchanged is the one that would be made of what is then there."""

from collections.abc import Mapping

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from convoy.mesh.label_index import LabelIndex

_LABELS = st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy"))


class _Thing(msgspec.Struct, frozen=True, eq=False):
    name: str
    namespace: str
    labels: Mapping[str, str]


_THINGS = st.dictionaries(st.tuples(st.sampled_from("mn"), st.sampled_from("1234")), _LABELS)


def _things(written: Mapping[tuple[str, str], Mapping[str, str]]) -> list[_Thing]:
    return [_Thing(name, namespace, labels) for (namespace, name), labels in written.items()]


@given(_THINGS, _THINGS, _LABELS)
def test_exchanging_is_the_same_as_starting_anew(
    olds: Mapping[tuple[str, str], Mapping[str, str]],
    news: Mapping[tuple[str, str], Mapping[str, str]],
    selector: Mapping[str, str],
) -> None:
    before, come = _things(olds), _things(news)
    index = LabelIndex(before)
    stays = [one for one in before if (one.namespace, one.name) not in news]
    exchanged = index.exchanged([one for one in before if one not in stays], come)
    fresh = LabelIndex([*stays, *come])
    assert list(exchanged) == list(fresh)
    for namespace in "mn":
        assert exchanged.select(namespace, selector) == fresh.select(namespace, selector)
        assert exchanged.select_or_all(namespace, {}) == fresh.select_or_all(namespace, {})
    assert list(index) == list(LabelIndex(before))
