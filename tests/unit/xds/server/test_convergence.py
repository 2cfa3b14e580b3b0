"""Whatever happens in whatever order: a client ends with exactly what it should have."""

from collections import Counter

import pytest
from envoy.service.discovery.v3 import discovery_pb2
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec import structs
from tests.kit.ads import Received, assignment, cluster, listener, resources, route

from convoy.xds.cache.resources import CLUSTER, ENDPOINT, LISTENER, ROUTE, Resource, ResourceSet
from convoy.xds.server.dialog import Dialog
from convoy.xds.server.requests import InitialVersions, Protocol, Request
from convoy.xds.server.sharing import Sharing

NAMES = ("north", "east", "south")
TYPES = (CLUSTER, ENDPOINT, LISTENER, ROUTE)
WHOLE = (CLUSTER, LISTENER)

VERSIONS = (1, 2, 3)
CLUSTERS = {(name, v): cluster(name, f"v{v}") for name in NAMES for v in VERSIONS}
ASSIGNMENTS = {(name, v): assignment(name, v) for name in NAMES for v in VERSIONS}
BAD = 3
"""Content that the client refuses."""


class Blame:
    """Ways in which a client rejects a batch."""

    APPLIES_OTHERS = "names the bad ones and applies the others"
    APPLIES_NONE = "names the bad ones and applies none"
    SILENT = "names nobody and applies none"


BLAMES = (Blame.APPLIES_OTHERS, Blame.APPLIES_NONE, Blame.SILENT)


@st.composite
def targets(draw):
    chosen = draw(st.lists(st.sampled_from(NAMES), unique=True))
    version = st.sampled_from(VERSIONS)
    clusters = [CLUSTERS[name, draw(version)] for name in chosen]
    endpoints = [ASSIGNMENTS[name, draw(st.sampled_from((1, 2)))] for name in chosen if draw(st.booleans())]
    targets_of = st.lists(st.sampled_from(chosen), unique=True) if chosen else st.just([])
    listeners = [
        listener(n, "v" + "-".join(draw(targets_of)))
        for n in draw(st.lists(st.sampled_from(("l1", "l2")), unique=True))
    ]
    routes = [route(n, *draw(targets_of)) for n in draw(st.lists(st.sampled_from(("80", "90")), unique=True))]
    flat = resources(clusters, endpoints, listeners, routes)
    own = draw(st.sets(st.sampled_from((*NAMES, "l1", "l2"))))
    return structs.replace(
        flat, clusters=in_layers(flat.clusters, own), listeners=in_layers(flat.listeners, own)
    )


def in_layers(resource_set, own):
    shared = ResourceSet(resource for name, resource in resource_set.items() if name not in own)
    return ResourceSet.over(shared, [resource_set[name] for name in own if name in resource_set])


class ProxyAndServer(RuleBasedStateMachine):
    protocol = Protocol.DELTA

    def __init__(self):
        super().__init__()
        self.sharing = Sharing()
        self.target = resources()
        self.named = {}
        self.has = {type_url: {} for type_url in TYPES}
        self.wants = {ENDPOINT: set(), ROUTE: {"80"}}
        self.blame = Blame.APPLIES_OTHERS
        self.connect()

    def connect(self):
        self.dialog = Dialog(self.protocol, self.target, self.sharing)
        self.inbox = []
        self.last_nonce = {}
        self.excused = Counter()
        self.refused = set()
        self.bad_received = Counter()
        for type_url in TYPES:
            names = () if type_url in WHOLE else frozenset(self.wants[type_url])
            if not names and type_url not in WHOLE:
                continue
            known = self.has[type_url] if self.protocol is Protocol.DELTA else {}
            self.says(type_url, subscribe=frozenset(names), initial_versions=InitialVersions.of(known))

    def says(self, type_url, **fields):
        self.dialog.on_request(Request(type_url=type_url, **fields))

    def repeats(self, type_url):
        return frozenset() if type_url in WHOLE else frozenset(self.wants[type_url])

    @rule(model=targets(), blame=st.sampled_from(BLAMES))
    def model_changes(self, model, blame):
        for type_url in TYPES:
            before, after = self.target.of_type(type_url), model.of_type(type_url)
            for name in {*before, *after}:
                if getattr(before.get(name), "version", None) != getattr(after.get(name), "version", None):
                    self.bad_received.pop((type_url, name), None)
        for resource in (*model.listeners.values(), *model.routes.values()):
            self.named[resource.version] = self.named[value_of(resource)] = names_in(resource)
        self.target = model
        # A whole state of which nothing is applied cannot be mended by leaving the bad part out.
        self.blame = blame if self.protocol is Protocol.DELTA else Blame.APPLIES_OTHERS
        self.dialog.set_target(model)

    @rule()
    def server_sends(self):
        response = self.dialog.next_response()
        if response is not None:
            self.inbox.append(Received(self.protocol, response))

    @precondition(lambda self: self.inbox)
    @rule()
    def client_reads(self):
        received = self.inbox.pop(0)
        self.last_nonce[received.type_url] = received.nonce
        bad = {n for n, version in received.resources.items() if self.is_bad(received.type_url, n, version)}
        self.check_order(received)
        self.check_not_twice(received, bad)
        applies = not bad or self.blame == Blame.APPLIES_OTHERS
        if applies:
            self.take(received, bad)
        error = None
        if bad:
            error = "no" if self.blame == Blame.SILENT else f"refused: {', '.join(sorted(bad))}"
            self.refused |= bad
            self.excused.update((received.type_url, n) for n in received.resources)
        self.answer(received, error)

    def answer(self, received, error):
        sotw = self.protocol is Protocol.SOTW
        names = self.repeats(received.type_url) if sotw else frozenset()
        self.says(received.type_url, nonce=received.nonce, error=error, subscribe=names)
        if received.type_url == CLUSTER:
            self.subscribe_endpoints()

    def is_bad(self, type_url, name, version):
        bad = CLUSTERS[name, BAD] if type_url == CLUSTER else None
        return bad is not None and version in (bad.version, value_of(bad))

    def take(self, received, bad):
        store = self.has[received.type_url]
        if self.protocol is Protocol.SOTW and received.type_url in WHOLE:
            for name in store.keys() - received.resources.keys():
                del store[name]
        for name, version in received.resources.items():
            if name not in bad and (received.type_url in WHOLE or name in self.wants[received.type_url]):
                store[name] = version
        for name in received.removed:
            store.pop(name, None)

    def subscribe_endpoints(self):
        wanted = set(self.has[CLUSTER])
        self.change_names(ENDPOINT, add=wanted - self.wants[ENDPOINT], drop=self.wants[ENDPOINT] - wanted)

    @rule(names=st.sets(st.sampled_from(("80", "90", "100"))))
    def client_changes_its_routes(self, names):
        self.change_names(ROUTE, add=names - self.wants[ROUTE], drop=self.wants[ROUTE] - names)

    def change_names(self, type_url, add, drop):
        if not add and not drop:
            return
        self.wants[type_url] = self.wants[type_url] - drop | add
        for name in drop:
            self.has[type_url].pop(name, None)
        self.excused.update((type_url, name) for name in add)
        if self.protocol is Protocol.DELTA:
            self.says(type_url, subscribe=frozenset(add), unsubscribe=frozenset(drop))
        else:
            nonce = self.last_nonce.get(type_url, "")
            self.says(type_url, subscribe=frozenset(self.wants[type_url]), nonce=nonce)

    @rule()
    def connection_breaks(self):
        if self.protocol is Protocol.SOTW:
            # What a client has from before is not told in this protocol; so this one forgets it.
            self.has = {type_url: {} for type_url in TYPES}
            self.wants[ENDPOINT] = set()
        self.connect()

    def check_order(self, received):
        if received.type_url == ROUTE:
            answered = self.has[CLUSTER].keys() | self.refused
            for version in received.resources.values():
                assert self.named[version] <= answered, "a route names a cluster that was not answered"
        if received.type_url == CLUSTER:
            leaving = set(received.removed)
            if self.protocol is Protocol.SOTW:
                leaving = self.has[CLUSTER].keys() - received.resources.keys()
            for type_url in (LISTENER, ROUTE):
                for name, version in self.has[type_url].items():
                    if self.protocol is Protocol.SOTW and name not in self.target.of_type(type_url):
                        continue  # state of the world cannot take a route away
                    assert not self.named[version] & leaving, "a cluster in use was removed"

    def check_not_twice(self, received, bad):
        if self.protocol is Protocol.SOTW:
            return
        for name, version in received.resources.items():
            key = (received.type_url, name)
            if name in bad:
                self.bad_received[key] += 1
                assert self.bad_received[key] <= 2, "a rejected version was sent again and again"
            if received.type_url != ENDPOINT and self.has[received.type_url].get(name) == version:
                assert self.excused[key], "sent what the client has"
                self.excused[key] -= 1

    @invariant()
    def at_most_one_response_of_a_type_is_under_way(self):
        types = Counter(received.type_url for received in self.inbox)
        assert not types or max(types.values()) == 1

    def teardown(self):
        for _ in range(200):
            self.server_sends()
            if not self.inbox:
                break
            self.client_reads()
        assert not self.inbox, "the talk does not end"
        for type_url in TYPES:
            assert self.has[type_url] == self.should_have(type_url)
        assert set(self.dialog.subscriptions[CLUSTER].rejected) == {
            name
            for name in self.target.clusters
            if self.is_bad(CLUSTER, name, self.target.clusters[name].version)
        }

    def should_have(self, type_url):
        target = self.target.of_type(type_url)
        version = (lambda r: r.version) if self.protocol is Protocol.DELTA else value_of
        expected = {}
        for name, resource in target.items():
            if type_url not in WHOLE and name not in self.wants[type_url]:
                continue
            if type_url == CLUSTER and self.is_bad(CLUSTER, name, resource.version):
                continue
            expected[name] = version(resource)
        kept = self.has[CLUSTER] if type_url == CLUSTER else {}
        expected |= {n: v for n, v in kept.items() if n in target and n not in expected}
        if self.protocol is Protocol.SOTW and type_url not in WHOLE:
            # State of the world cannot take away by name; an unknown assignment is an empty one.
            expected |= {n: v for n, v in self.has[type_url].items() if n not in target}
        return expected


def value_of(resource: Resource) -> bytes:
    return discovery_pb2.DiscoveryResponse.FromString(resource.sotw_chunk).resources[0].value


def names_in(resource):
    return {name for name in NAMES if name.encode() in resource.sotw_chunk}


class StateOfTheWorld(ProxyAndServer):
    protocol = Protocol.SOTW


@pytest.mark.parametrize("machine", [ProxyAndServer, StateOfTheWorld], ids=["delta", "sotw"])
def test_client_converges_to_its_target(machine):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
