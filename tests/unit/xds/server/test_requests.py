"""What clients say, read once for all that say the same."""

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from convoy.xds.cache.resources import CLUSTER, ENDPOINT
from convoy.xds.server.requests import Parser, parse_delta


def bytes_of(node="", **fields):
    request = DeltaDiscoveryRequest(**fields)
    request.node.id = node
    return request.SerializeToString()


def test_same_bytes_are_the_same_request():
    parse = Parser(parse_delta)
    ack = bytes_of(type_url=CLUSTER, response_nonce="7")
    assert parse(ack) is parse(bytes(bytearray(ack)))
    assert (parse(ack).nonce, parse(ack).error) == ("7", None)
    assert parse(bytes_of(type_url=CLUSTER, response_nonce="8")).nonce == "8"


def test_first_request_of_a_stream_is_not_kept():
    parse = Parser(parse_delta)
    first = bytes_of(node="sidecar~1.2.3.4~a.b~c", type_url=CLUSTER)
    assert parse(first) is not parse(first)


def test_what_is_kept_is_bounded():
    parse = Parser(parse_delta, at_most=10_000)
    many = [bytes_of(type_url=ENDPOINT, response_nonce=str(n)) for n in range(100)]
    requests = [parse(data) for data in many]
    assert parse(many[-1]) is requests[-1]
    assert parse(many[0]) is not requests[0]
    huge = bytes_of(type_url=ENDPOINT, resource_names_subscribe=["x" * 20_000])
    assert parse(huge) == parse(huge)
    assert parse(huge) is not parse(huge)
