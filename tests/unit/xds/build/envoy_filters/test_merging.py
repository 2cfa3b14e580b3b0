"""Merging follows protobuf's own rules, and looks into what an `Any` holds."""

from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3
from envoy.config.listener.v3 import listener_components_pb2 as listener_parts_v3
from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2 as tcp_proxy_v3
from google.protobuf.duration_pb2 import Duration
from google.protobuf.wrappers_pb2 import UInt32Value
from hypothesis import given
from hypothesis import strategies as st

from convoy.xds.build.envoy_filters.merging import merge
from convoy.xds.build.packing import packed

Cluster = cluster_v3.Cluster

_METADATA = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"), max_size=2)


@st.composite
def clusters(draw):
    """Clusters with scalars, enums, lists, messages and maps, set or not."""
    cluster = Cluster(
        name=draw(st.sampled_from(["", "a", "b"])),
        lb_policy=draw(st.sampled_from([0, 1, 3])),
        use_tcp_for_dns_lookups=draw(st.booleans()),
    )
    for limit in draw(st.lists(st.integers(0, 5), max_size=2)):
        cluster.circuit_breakers.thresholds.add(max_requests=UInt32Value(value=limit + 1))
    if draw(st.booleans()):
        cluster.outlier_detection.consecutive_5xx.value = draw(st.integers(1, 9))
    for key, value in draw(_METADATA).items():
        cluster.metadata.filter_metadata[key].update({"of": value})
    return cluster


@given(clusters(), clusters())
def test_merging_is_protobufs_own_where_there_is_no_any(one, two):
    ours, theirs = Cluster(), Cluster()
    ours.CopyFrom(one)
    theirs.CopyFrom(one)
    merge(ours, two)
    theirs.MergeFrom(two)
    assert ours == theirs


@given(clusters(), clusters())
def test_with_replacing_a_list_takes_the_place_of_another(one, two):
    merged = Cluster()
    merged.CopyFrom(one)
    merge(merged, two, replaces_lists=True)
    kept = two if two.circuit_breakers.thresholds else one
    assert merged.circuit_breakers.thresholds == kept.circuit_breakers.thresholds


@given(clusters())
def test_merging_into_nothing_gives_the_value(one):
    merged = Cluster()
    merge(merged, one)
    assert merged == one


def tcp_proxy(**fields):
    return listener_parts_v3.Filter(name="tcp", typed_config=packed(tcp_proxy_v3.TcpProxy(**fields)))


def test_what_an_any_holds_is_merged_inside():
    merged = tcp_proxy(stat_prefix="a", cluster="one")
    merge(merged, tcp_proxy(idle_timeout=Duration(seconds=3)))
    assert merged == tcp_proxy(stat_prefix="a", cluster="one", idle_timeout=Duration(seconds=3))


def test_an_any_of_another_type_replaces():
    merged = tcp_proxy(stat_prefix="a")
    other = listener_parts_v3.Filter(typed_config=packed(Cluster(name="b")))
    merge(merged, other)
    assert merged.typed_config == other.typed_config


def test_durations_are_replaced_whole():
    merged = Cluster(connect_timeout=Duration(seconds=1, nanos=5))
    merge(merged, Cluster(connect_timeout=Duration(seconds=2)))
    assert merged.connect_timeout == Duration(seconds=2)


def test_a_wrapped_zero_replaces_what_was_there():
    merged, zero = Cluster(), Cluster()
    merged.outlier_detection.consecutive_5xx.value = 5
    zero.outlier_detection.consecutive_5xx.value = 0
    merge(merged, zero)
    assert merged.outlier_detection.consecutive_5xx.value == 0
