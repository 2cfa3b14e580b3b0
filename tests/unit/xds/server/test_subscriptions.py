"""Facts about one subscription, in both protocols."""

import pytest
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from tests.kit.ads import Conversation, assignment, cluster, listener, resources, route

from convoy.xds.cache.resources import CLUSTER, ENDPOINT, LISTENER, ROUTE
from convoy.xds.server.requests import Protocol

A, B, C = cluster("a"), cluster("b"), cluster("c")


@pytest.mark.parametrize("subscribe", [(), ("*",)], ids=["legacy", "explicit"])
@pytest.mark.parametrize("protocol", list(Protocol))
def test_wildcard_gets_everything(protocol, subscribe):
    talk = Conversation(resources([B, A]), protocol)
    talk.says(CLUSTER, subscribe=subscribe)
    assert [r.names for r in talk.hears_all()] == [["a", "b"]]


@pytest.mark.parametrize("protocol", list(Protocol))
def test_first_wildcard_request_is_answered_even_when_empty(protocol):
    talk = Conversation(resources(), protocol)
    talk.says(LISTENER)
    assert [(r.names, r.removed) for r in talk.hears_all()] == [([], [])]


@pytest.mark.parametrize("protocol", list(Protocol))
def test_empty_names_are_no_wildcard_for_routes(protocol):
    talk = Conversation(resources(routes=[route("80")]), protocol)
    talk.says(ROUTE)
    assert all(not r.names for r in talk.hears_all())


@pytest.mark.parametrize("protocol", list(Protocol))
def test_named_subscription_gets_its_names_only(protocol):
    talk = Conversation(resources(routes=[route("80"), route("90")]), protocol)
    talk.says(ROUTE, subscribe=["90"])
    assert [r.names for r in talk.hears_all()] == [["90"]]


def test_unknown_name_is_answered_at_once_and_sent_when_it_appears():
    talk = Conversation(resources())
    talk.says(ROUTE, subscribe=["80"])
    heard = talk.accepts_all()
    assert [(r.names, r.removed) for r in heard] == [([], ["80"])]
    talk.becomes(resources(routes=[route("80")]))
    assert [r.names for r in talk.accepts_all()] == [["80"]]


def test_unknown_assignment_is_an_empty_one_in_state_of_the_world():
    talk = Conversation(resources(), Protocol.SOTW)
    talk.says(ENDPOINT, subscribe=["a"])
    heard = talk.hears()
    assert heard.resources == {"a": ClusterLoadAssignment(cluster_name="a").SerializeToString()}


def test_type_that_is_not_served_is_answered_with_removal():
    talk = Conversation(resources([A]))
    talk.says("type.googleapis.com/other", subscribe=["x"])
    assert [(r.names, r.removed) for r in talk.hears_all()] == [([], ["x"])]


def test_unchanged_model_sends_nothing():
    talk = Conversation(resources([A]))
    talk.says(CLUSTER)
    talk.accepts_all()
    talk.becomes(resources([cluster("a")]))
    assert talk.hears() is None


def test_next_response_waits_for_the_answer_and_is_then_the_newest():
    talk = Conversation(resources([A]))
    talk.says(CLUSTER)
    first = talk.hears()
    talk.becomes(resources([A, B]))
    talk.becomes(resources([A, C]))
    assert talk.hears() is None
    talk.accepts(first)
    assert [r.names for r in talk.accepts_all()] == [["c"]]


def test_stale_nonce_is_ignored():
    talk = Conversation(resources([A]))
    talk.says(CLUSTER)
    first = talk.hears()
    talk.accepts(first)
    talk.becomes(resources([A, B]))
    second = talk.hears()
    talk.becomes(resources([A, B, C]))
    talk.accepts(first)
    assert talk.hears() is None
    talk.accepts(second)
    assert talk.hears().names == ["c"]


def test_stale_nonce_in_state_of_the_world_leaves_the_names_alone():
    talk = Conversation(resources(routes=[route("80"), route("90")]), Protocol.SOTW)
    talk.says(ROUTE, subscribe=["80"])
    first = talk.hears()
    talk.accepts(first, names=["80", "90"])
    assert talk.hears().names == ["90"]
    talk.accepts(first, names=["80"])
    assert talk.dialog.subscriptions[ROUTE].interest.names == {"80", "90"}


def test_name_subscribed_while_a_response_is_under_way_follows_its_answer():
    talk = Conversation(resources(routes=[route("80"), route("90")]))
    talk.says(ROUTE, subscribe=["80"])
    first = talk.hears()
    talk.says(ROUTE, subscribe=["90"])
    assert talk.hears() is None
    talk.accepts(first)
    assert [r.names for r in talk.accepts_all()] == [["90"]]


def test_unsubscribed_name_is_not_sent_again():
    talk = Conversation(resources(routes=[route("80"), route("90")]))
    talk.says(ROUTE, subscribe=["80", "90"])
    talk.accepts_all()
    talk.says(ROUTE, unsubscribe=["80"])
    talk.becomes(resources(routes=[route("80", "new"), route("90", "new")]))
    assert [r.names for r in talk.accepts_all()] == [["90"]]


def test_name_subscribed_again_is_sent_again():
    talk = Conversation(resources(endpoints=[assignment("a")]))
    talk.says(ENDPOINT, subscribe=["a"])
    talk.accepts_all()
    talk.says(ENDPOINT, subscribe=["a"])
    assert [r.names for r in talk.accepts_all()] == [["a"]]


def test_wildcard_ends_when_unsubscribed():
    talk = Conversation(resources([A, B]))
    talk.says(CLUSTER)
    talk.accepts_all()
    talk.says(CLUSTER, subscribe=["a"], unsubscribe=["*"])
    talk.accepts_all()
    talk.becomes(resources([cluster("a", "new"), cluster("b", "new")]))
    assert [r.names for r in talk.accepts_all()] == [["a"]]


def test_state_of_the_world_names_end_the_legacy_wildcard_for_good():
    talk = Conversation(resources([A, B]), Protocol.SOTW)
    talk.says(CLUSTER)
    talk.accepts(talk.hears(), names=["a"])
    second = talk.hears()
    assert second.names == ["a"]
    talk.accepts(second, names=[])
    assert talk.dialog.subscriptions[CLUSTER].interest.wildcard is False


def test_removed_resource_is_removed_by_name():
    talk = Conversation(resources([A, B]))
    talk.says(CLUSTER)
    talk.accepts_all()
    talk.becomes(resources([A]))
    assert [(r.names, r.removed) for r in talk.accepts_all()] == [([], ["b"])]


def test_state_of_the_world_repeats_clusters_whole_and_routes_in_part():
    talk = Conversation(resources([A, B], routes=[route("80"), route("90")]), Protocol.SOTW)
    talk.says(CLUSTER)
    talk.accepts(talk.hears())
    talk.says(ROUTE, subscribe=["80", "90"])
    talk.accepts(talk.hears(), names=["80", "90"])
    talk.becomes(resources([A, cluster("b", "new")], routes=[route("80"), route("90", "a")]))
    assert [r.names for r in talk.hears_all()] == [["a", "b"], ["90"]]


class TestReconnect:
    def test_client_that_has_everything_is_sent_nothing(self):
        target = resources([A], [assignment("a")])
        talk = Conversation(target)
        talk.says(CLUSTER, has={"a": A.version})
        talk.says(ENDPOINT, subscribe=["a"], has={"a": assignment("a").version})
        assert talk.hears_all() == []

    def test_only_what_changed_is_sent(self):
        talk = Conversation(resources([A, B]))
        talk.says(CLUSTER, has={"a": A.version, "b": "old"})
        assert [r.names for r in talk.hears_all()] == [["b"]]

    def test_what_is_no_more_is_removed(self):
        talk = Conversation(resources([A]))
        talk.says(CLUSTER, has={"a": A.version, "b": B.version})
        assert [name for r in talk.accepts_all() for name in r.removed] == ["b"]

    def test_named_resource_that_is_no_more_is_removed(self):
        talk = Conversation(resources())
        talk.says(ROUTE, subscribe=["80"], has={"80": "old"})
        assert [name for r in talk.accepts_all() for name in r.removed] == ["80"]

    def test_versions_of_names_not_wanted_are_ignored(self):
        talk = Conversation(resources(routes=[route("80")]))
        talk.says(ROUTE, subscribe=["80"], has={"80": route("80").version, "90": "old"})
        assert talk.hears_all() == []

    def test_clusters_stay_until_listeners_that_come_later_in_the_burst_are_changed(self):
        talk = Conversation(resources([A], listeners=[listener("l", "a")]))
        talk.says(CLUSTER, has={"a": A.version, "b": B.version})
        empty = talk.hears()
        assert (empty.names, empty.removed) == ([], [])
        talk.says(LISTENER, has={"l": listener("l", "b").version})
        talk.accepts(empty)
        changed = talk.hears()
        assert changed.names == ["l"]
        assert talk.hears() is None
        talk.accepts(changed)
        assert talk.hears().removed == ["b"]


class TestRejection:
    def test_rejected_version_is_not_sent_again(self):
        talk = Conversation(resources(listeners=[listener("l", "bad")]))
        talk.says(LISTENER)
        talk.rejects(talk.hears(), "l: no")
        talk.becomes(resources(listeners=[listener("l", "bad"), listener("m")]))
        assert [r.names for r in talk.accepts_all()] == [["m"]]

    def test_rejection_is_recorded_with_its_detail_until_a_new_version_is_accepted(self):
        talk = Conversation(resources(listeners=[listener("l", "bad")]))
        talk.says(LISTENER)
        talk.rejects(talk.hears(), "l: no")
        subscription = talk.dialog.subscriptions[LISTENER]
        rejection = subscription.rejected["l"]
        assert (rejection.version, rejection.detail) == (listener("l", "bad").version, "l: no")
        talk.becomes(resources(listeners=[listener("l", "good")]))
        talk.accepts_all()
        assert subscription.rejected == {}

    def test_version_accepted_before_is_sent_when_the_bad_one_is_taken_back(self):
        talk = Conversation(resources(listeners=[listener("l", "good")]))
        talk.says(LISTENER)
        talk.accepts_all()
        talk.becomes(resources(listeners=[listener("l", "bad")]))
        talk.rejects(talk.hears(), "l: no")
        talk.becomes(resources(listeners=[listener("l", "good")]))
        assert [r.names for r in talk.accepts_all()] == [["l"]]

    def test_resources_that_the_client_does_not_blame_are_sent_again_without_the_bad_one(self):
        talk = Conversation(resources(listeners=[listener("bad-one"), listener("l"), listener("m")]))
        talk.says(LISTENER)
        talk.rejects(talk.hears(), "Error adding listener(s) bad-one: no")
        assert [r.names for r in talk.accepts_all()] == [["l", "m"]]
        assert list(talk.dialog.subscriptions[LISTENER].rejected) == ["bad-one"]

    def test_batch_in_which_nobody_is_blamed_is_sent_one_by_one(self):
        talk = Conversation(resources(listeners=[listener("l"), listener("m"), listener("n")]))
        talk.says(LISTENER)
        talk.rejects(talk.hears(), "no")
        heard = []
        while (received := talk.hears()) is not None:
            heard.append(received.names)
            if received.names == ["m"]:
                talk.rejects(received, "no")
            else:
                talk.accepts(received)
        assert heard == [["l"], ["m"], ["n"]]
        assert list(talk.dialog.subscriptions[LISTENER].rejected) == ["m"]

    @pytest.mark.parametrize("protocol", list(Protocol))
    def test_other_types_go_on(self, protocol):
        talk = Conversation(resources([A], listeners=[listener("l")]), protocol)
        talk.says(CLUSTER)
        talk.rejects(talk.hears(), "a: no")
        talk.says(LISTENER)
        talk.accepts(talk.hears())
        talk.becomes(resources([A], listeners=[listener("l", "new")]))
        assert talk.hears().names == ["l"]

    def test_rejection_of_a_resource_that_is_removed_is_forgotten(self):
        talk = Conversation(resources(listeners=[listener("l"), listener("m")]))
        talk.says(LISTENER)
        talk.rejects(talk.hears(), "m: no")
        talk.accepts_all()
        talk.becomes(resources(listeners=[listener("l")]))
        talk.accepts_all()
        assert talk.dialog.subscriptions[LISTENER].rejected == {}

    def test_removals_in_a_rejected_response_are_sent_again(self):
        talk = Conversation(resources(listeners=[listener("l"), listener("m")]))
        talk.says(LISTENER)
        talk.accepts_all()
        talk.becomes(resources(listeners=[listener("l", "bad")]))
        mixed = talk.hears()
        assert (mixed.names, mixed.removed) == (["l"], ["m"])
        talk.rejects(mixed, "l: no")
        assert [(r.names, r.removed) for r in talk.accepts_all()] == [([], ["m"])]
