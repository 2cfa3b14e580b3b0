"""What a control plane that does not see a field makes of objects."""

from typing import Any

import msgspec
import pytest
import yaml
from tests.traffic.blinding import without

from convoy.api.istio.virtual_service import VirtualService
from convoy.api.kube.core import ConfigMap

RULE = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: a}
spec:
  hosts: [a]
  http:
  - match: [{uri: {exact: /x}, headers: {who: {exact: me}, lang: {prefix: de}}}]
    timeout: 1s
    redirect: {derivePort: FROM_REQUEST_PORT}
    route: [{destination: {host: a}, weight: 1}, {destination: {host: b}, weight: 2}]
"""


def rule(text: str = RULE) -> VirtualService:
    return msgspec.convert(yaml.safe_load(text), VirtualService)


@pytest.mark.parametrize(
    ("claim", "gone"),
    [
        ("http.timeout", "    timeout: 1s\n"),
        ("http.match.uri.exact", "exact: /x"),
        ("http.match.headers.exact", "exact: me"),
        ("http.redirect.derivePort", "derivePort: FROM_REQUEST_PORT"),
        ("http.redirect.derivePort = FROM_REQUEST_PORT", "derivePort: FROM_REQUEST_PORT"),
        ("http.redirect.derivePort = FROM_PROTOCOL_DEFAULT", ""),
        ("http.route.destination.host", ""),
        ("exportTo", ""),
    ],
)
def test_a_field_is_as_if_it_were_not_written(claim: str, gone: str) -> None:
    assert without(rule(), "VirtualService", claim) == rule(RULE.replace(gone, "") if gone else RULE)


def test_every_element_of_a_list_loses_it() -> None:
    seen = without(rule(), "VirtualService", "http.route.weight")
    assert isinstance(seen, VirtualService)
    assert [each.weight for each in seen.spec.http[0].route] == [0, 0]


def test_other_kinds_keep_it() -> None:
    assert without(rule(), "DestinationRule", "http.timeout") == rule()


def test_a_meshs_own_configuration_is_text() -> None:
    def config(**mesh: Any) -> ConfigMap:
        plain = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio"}}
        return msgspec.convert({**plain, "data": {"mesh": yaml.safe_dump(mesh)}}, ConfigMap)

    seen = without(config(connectTimeout="1s", h2UpgradePolicy="UPGRADE"), "MeshConfig", "connectTimeout")
    assert seen == config(h2UpgradePolicy="UPGRADE")
