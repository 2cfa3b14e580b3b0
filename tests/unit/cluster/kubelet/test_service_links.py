"""The variables that Services bring."""

from typing import Any

from convoy.cluster.kubelet.service_links import service_variables


def _service(name: str, namespace: str, address: str, *ports: dict[str, Any]) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"clusterIP": address, "ports": list(ports)},
    }


SERVICES = [
    _service("kubernetes", "default", "10.0.0.1", {"name": "https", "port": 443, "protocol": "TCP"}),
    _service(
        "redis-primary",
        "shop",
        "10.0.0.11",
        {"port": 6379},
        {"name": "dns-udp", "port": 53, "protocol": "UDP"},
    ),
    _service("headless", "shop", "None", {"port": 80}),
]


def test_a_service_is_told_in_both_ways() -> None:
    variables = service_variables(SERVICES, "shop", links=True)
    assert variables["REDIS_PRIMARY_SERVICE_HOST"] == "10.0.0.11"
    assert variables["REDIS_PRIMARY_SERVICE_PORT"] == "6379"
    assert variables["REDIS_PRIMARY_SERVICE_PORT_DNS_UDP"] == "53"
    assert variables["REDIS_PRIMARY_PORT"] == "tcp://10.0.0.11:6379"
    assert variables["REDIS_PRIMARY_PORT_6379_TCP_ADDR"] == "10.0.0.11"
    assert variables["REDIS_PRIMARY_PORT_53_UDP_PROTO"] == "udp"
    assert not [name for name in variables if name.startswith("HEADLESS")]


def test_who_wants_no_links_still_finds_the_api_server() -> None:
    variables = service_variables(SERVICES, "shop", links=False)
    assert variables["KUBERNETES_SERVICE_HOST"] == "10.0.0.1"
    assert variables["KUBERNETES_SERVICE_PORT_HTTPS"] == "443"
    assert not [name for name in variables if name.startswith("REDIS")]
