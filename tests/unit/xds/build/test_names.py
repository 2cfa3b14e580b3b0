"""Facts about the names that builders share."""

import pytest
from tests.kit.parts import key

from convoy.mesh.model import CredentialKey, KeyFiles, TrustFiles
from convoy.xds.build import names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            names.upstream(key("reviews.default.global", 9080, "v2")),
            "outbound|9080|v2|reviews.default.global",
        ),
        (names.upstream(key("reviews")), "outbound|9080||reviews.default.svc.cluster.local"),
        (
            names.upstream(key("reviews", 9080, "v2", is_passthrough=True)),
            "outbound_.9080_.v2_.reviews.default.svc.cluster.local",
        ),
        (names.inbound(9080), "inbound|9080||"),
        (names.listener("240.0.0.3", 9080), "240.0.0.3_9080"),
        (names.sidecar_routes(9080), "9080"),
        (names.gateway_routes(8080), "http.8080"),
        (names.gateway_routes(8080, "10.0.0.1"), "http.8080.10.0.0.1"),
        (names.gateway_tls_routes("443.web.gw.ns"), "https.443.web.gw.ns"),
        (names.key_pair(CredentialKey("ns", "a")), "kubernetes://ns/a"),
        (names.trust(CredentialKey("ns", "a")), "kubernetes://ns/a-cacert"),
        (names.trust(CredentialKey("ns", "a", is_config_map=True)), "configmap://ns/a-cacert"),
        (names.key_pair(KeyFiles("/a.crt", "/a.key")), "file-cert:/a.crt~/a.key"),
        (names.trust(TrustFiles("/ca.crt", "/ca.crl")), "file-root:/ca.crt~/ca.crl"),
        (names.virtual_host("reviews", 9080), "reviews:9080"),
        (names.virtual_host("fd00::1", 9080), "[fd00::1]:9080"),
    ],
)
def test_names_are_spelled_as_istio_spells_them(name: str, expected: str) -> None:
    assert name == expected
