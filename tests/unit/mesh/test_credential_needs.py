"""Which Secrets and ConfigMaps a control plane has to read."""

from typing import Any

import pytest
from tests.unit.mesh.objects import gateway, gateway_pod, istio, parse, pod

from convoy.mesh.credential_needs import may_need_credentials, needed_credentials

Objects = dict[str, Any]


def needed(*objects: Objects) -> list[str]:
    return sorted(str(key) for key in needed_credentials(parse(*objects)))


def server(**tls: Any) -> Objects:
    settings = {"mode": "SIMPLE", **tls}
    return {
        "port": {"number": 443, "name": "s", "protocol": "HTTPS"},
        "hosts": ["a.test"],
        "tls": settings,
    }


def rule(**spec: Any) -> Objects:
    tls = {"mode": "MUTUAL", "credentialName": "c"}
    return istio(
        "DestinationRule", "r", {"host": "a.test", "trafficPolicy": {"tls": tls}, **spec}, namespace="shop"
    )


@pytest.mark.parametrize(
    ("tls", "wanted"),
    [
        ({"credentialName": "c"}, ["Secret istio-system/c"]),
        ({"credentialNames": ["c", "d"]}, ["Secret istio-system/c", "Secret istio-system/d"]),
        (
            {"credentialName": "c", "mode": "MUTUAL"},
            ["Secret istio-system/c", "Secret istio-system/c-cacert"],
        ),
        (
            {"credentialName": "c", "caCertCredentialName": "r", "mode": "OPTIONAL_MUTUAL"},
            [
                "ConfigMap istio-system/r",
                "Secret istio-system/c",
                "Secret istio-system/c-cacert",
                "Secret istio-system/r",
                "Secret istio-system/r-cacert",
            ],
        ),
        ({"mode": "ISTIO_MUTUAL"}, []),
        ({"serverCertificate": "/c.crt", "privateKey": "/c.key"}, []),
    ],
)
def test_a_server_needs_what_it_names(tls: Objects, wanted: list[str]) -> None:
    assert needed(gateway_pod(), gateway("web", server(**tls))) == wanted


def test_secrets_are_those_of_the_selected_pods_namespaces() -> None:
    made = gateway("web", server(credentialName="c"), namespace="shop")
    assert needed(
        gateway_pod(), gateway_pod(namespace="shop"), gateway_pod("other", namespace="x"), made
    ) == [
        "Secret istio-system/c",
        "Secret shop/c",
    ]


def test_without_a_gateway_nothing_is_needed() -> None:
    made = gateway("web", server(credentialName="c"))
    assert needed(pod("app", "10.0.0.1", labels={"istio": "gateway"}), made, rule()) == []


def test_a_rule_needs_it_where_gateways_are_and_where_it_selects_workloads() -> None:
    both = ["Secret istio-system/c", "Secret istio-system/c-cacert"]
    assert needed(gateway_pod(), rule()) == both
    selecting = rule(workloadSelector={"matchLabels": {"app": "a"}})
    assert needed(gateway_pod(), selecting) == [*both, "Secret shop/c", "Secret shop/c-cacert"]


def test_objects_that_cannot_lead_to_credentials_change_nothing() -> None:
    objects = parse(
        gateway_pod(),
        pod("app", "10.0.0.1"),
        gateway("web", server(credentialName="c")),
        gateway("plain", {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["b.test"]}),
        rule(),
        rule(trafficPolicy={"tls": {"mode": "ISTIO_MUTUAL"}}),
    )
    leading = [each for each in objects if may_need_credentials(each)]
    assert needed_credentials(leading) == needed_credentials(objects) != frozenset()
    assert [each.metadata.name for each in leading] == ["gateway", "web", "r"]
