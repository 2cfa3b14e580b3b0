"""What is found out layer by layer is what is found out of everything at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.ads import Conversation, cluster

from convoy.xds.cache.layers import Layers
from convoy.xds.cache.resources import CLUSTER, ProxyResources, ResourceSet
from convoy.xds.server.changes import Choice, compare, held_before, select
from convoy.xds.server.interest import EVERYTHING
from convoy.xds.server.requests import InitialVersions
from convoy.xds.server.sharing import Sharing

NAMES = ("a", "b", "c", "d", "e")
CONTENTS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(("1", "2")))
OWN = st.sets(st.sampled_from(NAMES))


def sets(contents, own):
    """The same resources in two layers, and as one set."""
    made = {name: cluster(name, content) for name, content in contents.items()}
    shared = ResourceSet(resource for name, resource in made.items() if name not in own)
    return ResourceSet.over(shared, [made[n] for n in made if n in own]), ResourceSet(made.values())


choices = st.builds(
    Choice,
    with_gone=st.booleans(),
    kept=st.frozensets(st.sampled_from(NAMES)),
    held=st.one_of(st.just(frozenset()), st.frozensets(st.sampled_from(NAMES))),
    is_whole=st.booleans(),
)


def content(selection):
    return {
        "changed": dict(selection.changed),
        "resources": {resource.name: resource for resource in selection.resources},
        "removed": sorted(selection.removed),
        "fresh": frozenset().union(*selection.fresh),
        "after": dict(selection.after),
        "keeps_gone": selection.keeps_gone,
    }


@given(CONTENTS, OWN, CONTENTS, OWN, st.lists(choices, min_size=1, max_size=3))
def test_client_of_layers_is_told_what_a_client_of_one_set_is_told(before, own, after, own_then, decisions):
    sharing = Sharing()
    (known, known_flat), (target, target_flat) = sets(before, own), sets(after, own_then)
    for choice in decisions:
        layered = sharing.difference(known, target, EVERYTHING)
        flat = compare(known_flat, target_flat, EVERYTHING, settled=target_flat)
        selected = sharing.selection(layered, known, choice)
        expected = select(flat, known_flat, choice)
        assert content(selected) == content(expected)
        known, known_flat = selected.after, expected.after


@given(CONTENTS, st.lists(CONTENTS, min_size=1, max_size=3))
def test_set_made_of_the_known_one_differs_as_any_other(before, changes):
    known = target = ResourceSet(cluster(name, content) for name, content in before.items())
    for contents in changes:
        target = target.revised([cluster(name, content) for name, content in contents.items()])
    other = ResourceSet(target.values())
    found = compare(known, target, EVERYTHING, settled=target)
    expected = compare(known, other, EVERYTHING, settled=other)
    assert (found.upserts, found.fresh, found.gone) == (expected.upserts, expected.fresh, expected.gone)


@given(CONTENTS, OWN, CONTENTS, OWN)
def test_client_that_comes_back_knows_what_it_tells(before, own, after, own_then):
    sharing = Sharing()
    (_, had), (target, _) = sets(before, own), sets(after, own_then)
    versions = {name: resource.version for name, resource in had.items()}
    known = sharing.known_before(InitialVersions.of(versions), target, EVERYTHING)
    assert {name: resource.version for name, resource in known.items()} == versions
    if had == ResourceSet(target.values()):
        assert known is target


class TestTwoClientsOfOneView:
    @pytest.fixture
    def sharing(self):
        return Sharing()

    def targets(self, *shared):
        view = ResourceSet(cluster(name, "content") for name in shared)
        return [ResourceSet.over(view, [cluster(f"own-{number}")]) for number in range(2)]

    def test_hold_one_selection_of_what_changed_in_their_view(self, sharing):
        before, after = self.targets("a", "b"), self.targets("b", "c")
        differences = [sharing.difference(k, t, EVERYTHING) for k, t in zip(before, after, strict=True)]
        one, other = [
            sharing.selection(difference, known, Choice(with_gone=False))
            for difference, known in zip(differences, before, strict=True)
        ]
        assert one.changed is other.changed
        assert isinstance(one.after, Layers)
        assert one.after.shared is other.after.shared

    def test_know_the_same_of_their_view_when_they_come_back_after_a_change(self, sharing):
        before, after = self.targets("a", "b"), self.targets("b", "c")
        one, other = [
            sharing.known_before(
                InitialVersions.of({n: r.version for n, r in had.items()}), target, EVERYTHING
            )
            for had, target in zip(before, after, strict=True)
        ]
        assert one.shared is other.shared
        assert one.shared["a"] == held_before("a", before[0]["a"].version)
        assert one.shared["b"] is after[0]["b"]

    def test_hold_no_knowledge_of_their_own_once_they_have_everything(self, sharing):
        talks = [
            Conversation(ProxyResources(clusters=target), sharing=sharing)
            for target in self.targets("a", "b")
        ]
        for talk in talks:
            talk.says(CLUSTER)
            talk.accepts_all()
            assert talk.dialog.subscriptions[CLUSTER].known is talk.dialog.target.clusters
