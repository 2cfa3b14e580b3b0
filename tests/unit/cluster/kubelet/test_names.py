"""A pod's resolv.conf, hosts file and host name."""

from typing import Any

from tests.cluster.manifests import pod

from convoy.api.kube.core import Pod
from convoy.cluster.kubelet.names import build_hosts, build_resolv_conf, host_name
from convoy.cluster.objects import parse_manifest


def _pod(**spec: Any) -> Pod:
    parsed = parse_manifest(pod("web-1", address="198.18.1.9", **spec))
    assert isinstance(parsed, Pod)
    return parsed


def test_names_are_looked_up_in_the_namespace_first() -> None:
    assert build_resolv_conf(_pod(), "198.18.1.1") == (
        "nameserver 198.18.1.1\n"
        "search default.svc.cluster.local svc.cluster.local cluster.local\n"
        "options ndots:5\n"
    )


def test_the_pods_own_searches_and_options_are_added() -> None:
    config = {
        "searches": ["default.global", "global"],
        "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}],
    }
    lines = build_resolv_conf(_pod(dnsConfig=config), "198.18.1.1").splitlines()
    assert lines[1].endswith("cluster.local default.global global")
    assert lines[2] == "options ndots:2 edns0"


def test_with_policy_none_only_the_pods_own_settings_count() -> None:
    config = {"nameservers": ["198.18.1.53"], "searches": ["mine"]}
    text = build_resolv_conf(_pod(dnsPolicy="None", dnsConfig=config), "198.18.1.1")
    assert text == "nameserver 198.18.1.53\nsearch mine\n"


def test_a_pod_finds_itself_and_its_aliases_in_the_hosts_file() -> None:
    aliases = [{"ip": "198.18.1.77", "hostnames": ["old", "older"]}]
    lines = build_hosts(_pod(hostAliases=aliases)).splitlines()
    assert lines[0] == "127.0.0.1 localhost"
    assert lines[2:] == ["198.18.1.9 web-1", "198.18.1.77 old older"]


def test_a_pod_of_a_headless_service_has_its_full_name() -> None:
    member = _pod(hostname="first", subdomain="ring")
    assert host_name(member) == "first"
    assert "198.18.1.9 first.ring.default.svc.cluster.local first" in build_hosts(member)
