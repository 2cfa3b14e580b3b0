"""The order in which a change reaches a proxy."""

from tests.kit.ads import Conversation, assignment, cluster, listener, resources, route, secret

from convoy.xds.cache.resources import CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET
from convoy.xds.server.requests import Protocol

BEFORE = resources([cluster("one")], [assignment("one")], [listener("l")], [route("80", "one")])


def connected(target=BEFORE, protocol=Protocol.DELTA, *, sharing=None):
    talk = Conversation(target, protocol, sharing=sharing)
    talk.says(CLUSTER)
    talk.accepts_all()
    talk.says(ENDPOINT, subscribe=list(target.endpoints))
    talk.accepts_all()
    talk.says(LISTENER)
    talk.accepts_all()
    talk.says(ROUTE, subscribe=list(target.routes))
    talk.accepts_all()
    return talk


def kinds(heard):
    return [(r.type_url, r.names) for r in heard]


def test_assignment_of_a_changed_cluster_is_sent_again_before_the_ack_of_the_clusters():
    talk = connected()
    talk.becomes(
        resources([cluster("one", "new")], [assignment("one")], [listener("l")], [route("80", "one")])
    )
    assert kinds(talk.hears_all()) == [(CLUSTER, ["one"]), (ENDPOINT, ["one"])]


def test_changed_assignment_of_a_changed_cluster_follows_the_ack_of_the_clusters():
    talk = connected()
    talk.becomes(
        resources([cluster("one", "new")], [assignment("one", 2)], [listener("l")], [route("80", "one")])
    )
    clusters, repeated = talk.hears_all()
    assert repeated.resources == {"one": assignment("one", 1).version}
    talk.accepts(repeated)
    assert talk.hears() is None
    talk.accepts(clusters)
    assert talk.hears().resources == {"one": assignment("one", 2).version}


def test_changed_assignment_of_an_unchanged_cluster_waits_for_nothing():
    both = [cluster("one"), cluster("two")]
    talk = connected(resources(both, [assignment("one"), assignment("two")]))
    talk.becomes(
        resources([cluster("one", "new"), cluster("two")], [assignment("one"), assignment("two", 2)])
    )
    clusters, assignments = talk.hears_all()
    assert clusters.names == ["one"]
    assert assignments.resources == {"one": assignment("one").version, "two": assignment("two", 2).version}


def test_assignment_told_absent_is_told_again_when_its_cluster_changes():
    talk = Conversation(resources([cluster("one")]))
    talk.says(CLUSTER)
    talk.says(ENDPOINT, subscribe=["one"])
    talk.accepts_all()
    talk.becomes(resources([cluster("one", "new")]))
    assert [(r.type_url, r.removed) for r in talk.hears_all()] == [(CLUSTER, []), (ENDPOINT, ["one"])]


def test_assignment_that_a_client_brings_is_sent_again_when_its_cluster_was_changed_meanwhile():
    talk = Conversation(resources([cluster("one", "new")], [assignment("one")]))
    talk.says(CLUSTER, has={"one": cluster("one").version})
    clusters = talk.hears()
    assert clusters.names == ["one"]
    talk.says(ENDPOINT, subscribe=["one"], has={"one": assignment("one").version})
    repeated = talk.hears()
    assert kinds([repeated]) == [(ENDPOINT, ["one"])]
    talk.accepts(repeated)
    talk.accepts(clusters)
    assert talk.hears() is None


def test_route_that_names_a_new_cluster_waits_for_the_ack_of_the_clusters():
    talk = connected()
    talk.becomes(
        resources(
            [cluster("one"), cluster("two")],
            [assignment("one"), assignment("two")],
            [listener("l")],
            [route("80", "two")],
        )
    )
    clusters = talk.hears()
    assert kinds([clusters]) == [(CLUSTER, ["two"])]
    talk.says(ENDPOINT, subscribe=["two"])
    assigned = talk.hears()
    assert kinds([assigned]) == [(ENDPOINT, ["two"])]
    talk.accepts(assigned)
    assert talk.hears() is None
    talk.accepts(clusters)
    assert kinds(talk.hears_all()) == [(ROUTE, ["80"])]


def test_route_that_names_known_clusters_does_not_wait():
    two = [cluster("one"), cluster("two")]
    talk = connected(resources(two, [], [listener("l")], [route("80", "one")]))
    talk.becomes(resources([*two, cluster("three")], [], [listener("l")], [route("80", "two")]))
    assert kinds(talk.hears_all()) == [(CLUSTER, ["three"]), (ROUTE, ["80"])]


def test_listeners_go_before_routes():
    talk = connected()
    talk.becomes(
        resources([cluster("one")], [assignment("one")], [listener("l", "new")], [route("80", "one", "one")])
    )
    assert kinds(talk.hears_all()) == [(LISTENER, ["l"]), (ROUTE, ["80"])]


def test_cluster_is_removed_after_the_route_that_used_it_is_accepted():
    two = [cluster("one"), cluster("two")]
    talk = connected(resources(two, [assignment("one"), assignment("two")], [], [route("80", "two")]))
    talk.becomes(resources([cluster("one")], [assignment("one")], [], [route("80", "one")]))
    changed = talk.hears()
    assert kinds([changed]) == [(ROUTE, ["80"])]
    assert talk.hears() is None
    talk.accepts(changed)
    removal = talk.hears()
    assert (removal.type_url, removal.removed) == (CLUSTER, ["two"])
    assert talk.hears() is None, "the assignment outlives its cluster"
    talk.says(ENDPOINT, unsubscribe=["two"])
    talk.accepts(removal)
    assert talk.hears() is None


def test_state_of_the_world_keeps_a_leaving_cluster_until_the_route_is_accepted():
    two = [cluster("one"), cluster("two")]
    talk = Conversation(resources(two, routes=[route("80", "two")]), Protocol.SOTW)
    talk.says(CLUSTER)
    talk.accepts(talk.hears())
    talk.says(ROUTE, subscribe=["80"])
    talk.accepts(talk.hears(), names=["80"])
    talk.becomes(resources([cluster("one", "new"), cluster("three")], routes=[route("80", "one")]))
    union, changed = talk.hears_all()
    assert sorted(union.names) == ["one", "three", "two"]
    talk.accepts(union)
    assert talk.hears() is None
    talk.accepts(changed, names=["80"])
    final = talk.hears()
    assert sorted(final.names) == ["one", "three"]
    assert final.version != union.version


def test_route_is_removed_after_the_listeners_are_accepted():
    talk = connected()
    talk.becomes(resources([cluster("one")], [assignment("one")], [listener("l", "new")], []))
    changed = talk.hears()
    assert kinds([changed]) == [(LISTENER, ["l"])]
    assert talk.hears() is None
    talk.accepts(changed)
    removal = talk.hears()
    assert (removal.type_url, removal.removed) == (ROUTE, ["80"])


def test_cluster_used_by_a_route_whose_successor_was_rejected_stays():
    three = [cluster("one"), cluster("two"), cluster("three")]
    talk = connected(resources(three, [], [], [route("80", "two")]))
    talk.becomes(resources([cluster("one")], [], [], [route("80", "one")]))
    talk.rejects(talk.hears(), "80: no")
    assert [r.removed for r in talk.accepts_all()] == [["three"]]
    talk.becomes(resources([cluster("one")], [], [], [route("80", "one", "one")]))
    heard = talk.accepts_all()
    assert [(r.type_url, r.names, r.removed) for r in heard] == [(ROUTE, ["80"], []), (CLUSTER, [], ["two"])]


def test_rejected_clusters_do_not_hold_routes_for_ever():
    talk = connected()
    talk.becomes(
        resources(
            [cluster("one"), cluster("two")], [assignment("one")], [listener("l")], [route("80", "two")]
        )
    )
    talk.rejects(talk.hears(), "two: no")
    assert kinds(talk.hears_all()) == [(ROUTE, ["80"])]


def test_streams_of_one_view_share_a_large_response():
    first = connected()
    second = connected(sharing=first.sharing)
    after = resources([cluster("one")], [assignment("one")], [listener("l")], [route("80", "one" * 10_000)])
    for talk in (first, second):
        talk.becomes(after)
    assert first.dialog.next_response().data is second.dialog.next_response().data


def with_secret(name="kubernetes://ns/a", key=b"key", content="", others=()):
    listeners = [listener("l", content)]
    return resources([cluster("one")], [], listeners, [], [secret(name, key), *others])


def knowing_secret(target):
    talk = connected(target)
    talk.says(SECRET, subscribe=list(target.secrets))
    talk.accepts_all()
    return talk


def test_a_changed_secret_is_sent_alone_and_at_once():
    talk = knowing_secret(with_secret())
    talk.becomes(with_secret(key=b"new"))
    assert kinds(talk.hears_all()) == [(SECRET, ["kubernetes://ns/a"])]


def test_a_secret_leaves_after_the_listener_that_named_it_is_replaced():
    talk = knowing_secret(with_secret())
    talk.becomes(resources([cluster("one")], [], [listener("l", "without")]))
    changed = talk.hears()
    assert kinds([changed]) == [(LISTENER, ["l"])]
    assert talk.hears() is None
    talk.accepts(changed)
    gone = talk.hears()
    assert (gone.type_url, gone.removed) == (SECRET, ["kubernetes://ns/a"])


def test_a_secret_of_others_is_answered_with_its_absence():
    talk = connected(with_secret())
    talk.says(SECRET, subscribe=["kubernetes://other/b"])
    answer = talk.hears()
    assert (answer.type_url, answer.names, answer.removed) == (SECRET, [], ["kubernetes://other/b"])


def test_a_wish_for_all_secrets_gets_the_proxys_own():
    talk = connected(with_secret())
    talk.says(SECRET, subscribe=["*"])
    assert talk.hears().names == ["kubernetes://ns/a"]
