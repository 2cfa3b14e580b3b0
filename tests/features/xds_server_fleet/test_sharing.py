"""What clients of a fleet share is what each of them would have found out alone."""

import random
import struct

import pytest
from bench.fleet.decoding import Decoder
from bench.fleet.envoy_like import Shared
from bench.fleet.expecting import Expectation, Expecting
from bench.fleet.http2 import GrpcCall
from bench.fleet.possessions import Possessions
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse
from tests.kit.http_config import eds_cluster, endpoints

from convoy.xds.cache.encode import join_delta
from convoy.xds.cache.resources import CLUSTER, ENDPOINT

COMMON = [eds_cluster(f"common-{number}") for number in range(40)]


def response(resources, *, removed=(), nonce="n", type_url=CLUSTER):
    chunks = [each.delta_chunk for each in resources]
    return join_delta(type_url, "v", nonce=nonce, chunks=chunks, removed=removed)


def random_response(chance):
    """Parts of what all have, in order, with something of one client's own between, and removals."""
    start = chance.randrange(len(COMMON))
    resources = COMMON[start : start + chance.randrange(1, 30)]
    for _ in range(chance.randrange(3)):
        own = eds_cluster(f"own-{chance.randrange(5)}", connect_timeout=f"{chance.randrange(1, 4)}s")
        resources = [each for each in resources if each.name != own.name]
        resources.insert(chance.randrange(len(resources) + 1), own)
    present = {each.name for each in resources}
    gone = [each.name for each in chance.sample(COMMON, 3) if each.name not in present]
    return response(resources, removed=gone[: chance.randrange(3)], nonce=str(chance.random()))


@pytest.mark.parametrize("seed", range(5))
def test_responses_are_read_as_protobuf_reads_them(seed):
    chance, decoder = random.Random(seed), Decoder()
    for _ in range(200):
        data = random_response(chance)
        reading, whole = decoder.read(data), DeltaDiscoveryResponse.FromString(data)
        read = [pair for segment in reading.segments for pair in segment.versions.items()]
        assert read == [(each.name, each.version) for each in whole.resources]
        assert (reading.type_url, reading.nonce) == (whole.type_url, whole.nonce)
        assert list(reading.removed) == list(whole.removed_resources)


@pytest.mark.parametrize("seed", range(5))
def test_clients_have_what_they_were_sent_whatever_the_others_were_sent(seed):
    chance, shared = random.Random(seed), Shared()
    clients = [(Possessions(shared.start), {}) for _ in range(4)]
    for _ in range(300):
        data = random_response(chance)
        for possessions, plain in chance.sample(clients, chance.randrange(1, 5)):
            whole = DeltaDiscoveryResponse.FromString(data)
            plain.update({each.name: each.version for each in whole.resources})
            for name in whole.removed_resources:
                plain.pop(name, None)
            possessions.take(shared.decoder.read(data))
            names = {each.name for each in COMMON} | {f"own-{number}" for number in range(5)}
            has = {name: version for name in names if (version := possessions.version_of(name))}
            assert has == plain
            assert len(possessions) == len(plain)
            assert possessions.assignments == plain.keys()


def test_equal_resources_are_decoded_once():
    decoder = Decoder()
    decoder.read(response(COMMON))
    ((first,), (second,)) = (decoder.read(response(COMMON, nonce=nonce)).segments for nonce in "ab")
    assert first is second


class Addressed:
    """A fact: the assignment has an endpoint on a port or a higher one."""

    def __init__(self, port):
        self.port = port

    def holds(self, message):
        (endpoint,) = message.endpoints[0].lb_endpoints
        return endpoint.endpoint.address.socket_address.port_value >= self.port


def test_an_expectation_is_met_by_each_clients_first_state_that_includes_it():
    decoder = Decoder()
    expecting = Expecting(["one", "other"])
    expecting.expect(Expectation(port, ENDPOINT, "a", Addressed(port)) for port in (1, 2))

    def acknowledge(client, port):
        reading = decoder.read(response([endpoints("a", port)], type_url=ENDPOINT))
        return expecting.acknowledged(client, reading)

    assert not acknowledge("one", 0)
    acknowledge("one", 1)
    assert not expecting.is_met
    acknowledge("other", 2)
    assert {each.number: each.clients for each in expecting.met()} == {1: 2, 2: 1}
    after_first = {each.number: each.at for each in expecting.met()}
    acknowledge("one", 2)
    assert expecting.is_met
    met = {each.number: each.at for each in expecting.met()}
    assert met[1] == after_first[1]
    assert met[2] > after_first[2]


def frame(kind, payload, *, flags=0, stream=1):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_messages_are_whole_however_the_bytes_arrive(step):
    messages = [b"", b"x" * 70, b"y" * 300]
    sent = b"".join(struct.pack(">BI", 0, len(each)) + each for each in messages)
    data = frame(4, b"", stream=0)
    data += b"".join(frame(0, sent[start : start + 90]) for start in range(0, len(sent), 90))
    call = GrpcCall("/a", authority="b", is_secure=False)
    call.outgoing()
    heard = [
        bytes(each)
        for at in range(0, len(data), step)
        for each in call.feed(memoryview(data)[at : at + step])
    ]
    assert heard == messages
    assert call.outgoing() == frame(4, b"", flags=1, stream=0)


def test_no_more_is_sent_than_the_server_takes():
    call = GrpcCall("/a", authority="b", is_secure=False)
    call.outgoing()
    call.send(b"z" * 100_000)
    first = call.outgoing()
    assert 65_535 <= len(first) < 66_000
    assert call.outgoing() == b""
    for stream in (0, 1):
        list(call.feed(memoryview(frame(8, struct.pack(">I", 50_000), stream=stream))))
    assert len(call.outgoing()) > 34_000
