"""Facts about encoded resources and their versions."""

from envoy.config.route.v3 import route_pb2
from envoy.service.discovery.v3 import discovery_pb2
from hypothesis import given
from hypothesis import strategies as st

from convoy.kit.digests import digest
from convoy.xds.cache.encode import encode_resource, join_delta, join_sotw
from convoy.xds.cache.resources import ROUTE

texts = st.text(alphabet=st.characters(codec="utf-8"), max_size=300)
messages = st.builds(
    lambda name, domains: route_pb2.RouteConfiguration(name=name, virtual_hosts=[{"domains": domains}]),
    texts,
    st.lists(texts, max_size=20),
)
named_messages = st.lists(st.tuples(texts, messages), max_size=8)


@given(named_messages, st.lists(texts, max_size=5), texts, texts)
def test_delta_response_decodes_to_what_was_joined(named, removed, version, nonce):
    encoded = [encode_resource(ROUTE, name, message) for name, message in named]
    body = join_delta(ROUTE, version, nonce=nonce, chunks=[r.delta_chunk for r in encoded], removed=removed)
    response = discovery_pb2.DeltaDiscoveryResponse.FromString(body)

    expected = discovery_pb2.DeltaDiscoveryResponse(
        system_version_info=version, type_url=ROUTE, nonce=nonce, removed_resources=removed
    )
    for (name, message), resource in zip(named, encoded, strict=True):
        entry = expected.resources.add(name=name, version=resource.version)
        entry.resource.Pack(message, deterministic=True)
    assert response == expected


@given(named_messages, texts, texts)
def test_sotw_response_decodes_to_what_was_joined(named, version, nonce):
    encoded = [encode_resource(ROUTE, name, message) for name, message in named]
    body = join_sotw(ROUTE, version, nonce=nonce, chunks=[r.sotw_chunk for r in encoded])
    response = discovery_pb2.DiscoveryResponse.FromString(body)

    expected = discovery_pb2.DiscoveryResponse(version_info=version, type_url=ROUTE, nonce=nonce)
    for _, message in named:
        expected.resources.add().Pack(message, deterministic=True)
    assert response == expected


@given(messages)
def test_version_is_the_hash_of_the_deterministic_serialization(message):
    resource = encode_resource(ROUTE, "any", message)
    assert resource.version == digest(message.SerializeToString(deterministic=True))


def test_equal_messages_built_in_another_order_give_equal_bytes():
    one, other = route_pb2.RouteConfiguration(), route_pb2.RouteConfiguration()
    for key in ("a", "b", "c"):
        one.metadata.filter_metadata[key].update({"k": key})
    for key in ("c", "b", "a"):
        other.metadata.filter_metadata[key].update({"k": key})
    assert encode_resource(ROUTE, "r", one) == encode_resource(ROUTE, "r", other)


def test_body_of_a_megabyte_keeps_its_framing():
    big = route_pb2.RouteConfiguration(name="x" * (1 << 20))
    resource = encode_resource(ROUTE, "big", big)
    body = join_delta(ROUTE, "1", nonce="7", chunks=[resource.delta_chunk] * 2, removed=["gone"])
    response = discovery_pb2.DeltaDiscoveryResponse.FromString(body)
    assert [len(r.resource.value) for r in response.resources] == [len(big.SerializeToString())] * 2
    assert (list(response.removed_resources), response.nonce) == (["gone"], "7")
