"""Facts about how the environment tells an agent who it is."""

import pytest

from convoy.agent.errors import SettingsError
from convoy.agent.settings import absolute_host, parse_settings

ENV = {
    "POD_NAME": "reviews-v1",
    "POD_NAMESPACE": "default",
    "SERVICE_ACCOUNT": "bookinfo-reviews",
    "INSTANCE_IP": "198.18.1.9",
    "PROXY_TYPE": "sidecar",
    "INTERCEPTION_MARK": "1337",
    "ISTIO_META_CLUSTER_ID": "cluster1",
    "ISTIO_META_NETWORK": "",
}


def test_sidecar_is_told_everything_by_its_environment():
    settings = parse_settings(ENV, resolv_conf="nameserver 198.18.1.1\n")
    assert (settings.pod_name, settings.mark, settings.captures) == ("reviews-v1", 1337, True)
    assert settings.metadata == {"CLUSTER_ID": "cluster1"}
    assert settings.nameservers == ("198.18.1.1",)
    assert settings.discovery_host == "istiod.istio-system.svc"


def test_gateway_needs_no_mark():
    settings = parse_settings(ENV | {"PROXY_TYPE": "router", "INTERCEPTION_MARK": ""})
    assert (settings.mark, settings.captures) == (None, False)


def test_everything_missing_is_named_at_once():
    with pytest.raises(
        SettingsError, match="POD_NAME, POD_NAMESPACE, SERVICE_ACCOUNT, INSTANCE_IP, PROXY_TYPE"
    ):
        parse_settings({})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PROXY_TYPE", "waypoint"),
        ("INSTANCE_IP", "reviews"),
        ("INTERCEPTION_MARK", "0x539"),
        ("INTERCEPTION_MARK", ""),
        ("PROXY_CONCURRENCY", "-1"),
        ("DRAIN_SECONDS", "9999999999"),
    ],
)
def test_wrong_value_is_named(name, value):
    with pytest.raises(SettingsError, match=name):
        parse_settings(ENV | {name: value})


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("istiod.istio-system.svc", "istiod.istio-system.svc"),
        ("198.18.1.2", "istiod.istio-system.svc"),
        ("a.example", "a.example"),
    ],
)
def test_control_plane_given_by_address_must_still_prove_its_name(host, expected):
    assert parse_settings(ENV | {"DISCOVERY_HOST": host}).discovery_name == expected


def test_service_names_are_completed_for_lookups_without_a_search_list():
    assert absolute_host("istiod.istio-system.svc") == "istiod.istio-system.svc.cluster.local"
    assert absolute_host("istiod.example") == "istiod.example"
