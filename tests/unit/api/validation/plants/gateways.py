"""The rules of Gateways and of TLS at listeners."""

from tests.unit.api.validation.planting import Plant
from tests.unit.api.validation.plants.making import PAIR, gw, gw_tls

from convoy.api import codes

PLANTS: tuple[Plant, ...] = (
    Plant("gateway name", "Gateway", {}, codes.BAD_METADATA, "metadata.name", metadata={"name": "a.b"}),
    Plant("gateway servers", "Gateway", {"servers": []}, codes.EMPTY, "spec.servers"),
    Plant(
        "gateway port name",
        "Gateway",
        {
            "servers": [
                {"port": {"number": n, "name": "a", "protocol": "HTTP"}, "hosts": ["*"]} for n in (1, 2)
            ]
        },
        codes.DUPLICATE_VALUE,
        "spec.servers[1].port.name",
    ),
    gw("gateway port name", {"port": {"name": ""}}, codes.EMPTY, "port.name"),
    gw("gateway protocol", {"port": {"protocol": "FOO"}}, codes.BAD_PROTOCOL, "port.protocol"),
    gw("port", {"port": {"number": 0}}, codes.BAD_PORT, "port.number"),
    gw("gateway socket", {"bind": "unix:///a"}, codes.BAD_PORT, "bind"),
    gw("gateway socket", {"bind": "unix://a", "port": {"number": 0}}, codes.BAD_ADDRESS, "bind"),
    *(
        gw("gateway socket", {"bind": f"unix://{path}", "port": {"number": 0}}, codes.BAD_ADDRESS, "bind")
        for path in (
            "/var/run/convoy/sds/default.yaml",
            "/var/run/../run/convoy/envoy.json",
            "//proc/self/root/tmp/a",
            "/run/secrets",
        )
    ),
    gw("gateway socket", {"bind": "localhost"}, codes.BAD_ADDRESS, "bind"),
    gw("gateway targetPort", {"port": {"targetPort": 8080}}, codes.BAD_PORT, "port.targetPort"),
    gw("gateway hosts", {"hosts": []}, codes.EMPTY, "hosts"),
    gw("gateway hosts", {"hosts": ["foo"]}, codes.BAD_HOST, "hosts[0]"),
    gw("gateway hosts", {"hosts": ["a b/c.d"]}, codes.BAD_HOST, "hosts[0]"),
    gw("gateway hosts", {"hosts": ["~/c.d"]}, codes.BAD_HOST, "hosts[0]"),
    gw("gateway hosts", {"hosts": ["*-a.b"]}, codes.BAD_HOST, "hosts[0]"),
    gw("gateway tls", {"port": {"protocol": "HTTPS"}}, codes.MISSING_FIELD, "tls"),
    gw("gateway tls", {"tls": {"mode": "ISTIO_MUTUAL"}}, codes.CONFLICT, "tls"),
    gw("gateway tls", {"port": {"protocol": "TCP"}, "tls": {"mode": "ISTIO_MUTUAL"}}, codes.CONFLICT, "tls"),
    gw_tls(
        "gateway redirect", {"mode": "ISTIO_MUTUAL", "httpsRedirect": True}, codes.NO_EFFECT, "httpsRedirect"
    ),
    gw_tls(
        "tls istio", {"mode": "ISTIO_MUTUAL", "serverCertificate": "/a"}, codes.CONFLICT, "serverCertificate"
    ),
    gw_tls("tls istio", {"mode": "ISTIO_MUTUAL", "privateKey": "/a"}, codes.CONFLICT, "privateKey"),
    gw_tls("tls istio", {"mode": "ISTIO_MUTUAL", "caCertificates": "/a"}, codes.CONFLICT, "caCertificates"),
    gw_tls(
        "tls istio", {"mode": "ISTIO_MUTUAL", "tlsCertificates": [PAIR]}, codes.CONFLICT, "tlsCertificates"
    ),
    gw_tls("tls istio", {"mode": "ISTIO_MUTUAL", "credentialName": "a"}, codes.CONFLICT, "credentialName"),
    gw_tls(
        "tls istio", {"mode": "ISTIO_MUTUAL", "credentialNames": ["a"]}, codes.CONFLICT, "credentialNames"
    ),
    gw_tls("tls material", {"mode": "SIMPLE", "serverCertificate": "/a"}, codes.MISSING_FIELD, "privateKey"),
    gw_tls("tls material", {"mode": "SIMPLE", "privateKey": "/a"}, codes.MISSING_FIELD, "serverCertificate"),
    gw_tls("tls material", {"mode": "MUTUAL", **PAIR}, codes.MISSING_FIELD, "caCertificates"),
    gw_tls("tls material", {"mode": "OPTIONAL_MUTUAL", **PAIR}, codes.MISSING_FIELD, "caCertificates"),
    gw_tls(
        "tls material",
        {"mode": "SIMPLE", "tlsCertificates": [{"privateKey": "/a"}]},
        codes.MISSING_FIELD,
        "tlsCertificates[0].serverCertificate",
    ),
    gw_tls("tls sources", {"mode": "SIMPLE", **PAIR, "credentialName": "a"}, codes.CONFLICT, ""),
    gw_tls(
        "tls sources", {"mode": "SIMPLE", "credentialNames": ["a"], "credentialName": "a"}, codes.CONFLICT, ""
    ),
    gw_tls(
        "tls sources",
        {"mode": "SIMPLE", "credentialNames": ["a", "b", "c"]},
        codes.BAD_NUMBER,
        "credentialNames",
    ),
    gw_tls(
        "tls sources", {"mode": "SIMPLE", "tlsCertificates": [PAIR] * 3}, codes.BAD_NUMBER, "tlsCertificates"
    ),
    gw_tls(
        "tls revocation", {"mode": "MUTUAL", "credentialName": "a", "caCrl": "/a"}, codes.CONFLICT, "caCrl"
    ),
    gw_tls("tls revocation", {"mode": "SIMPLE", **PAIR, "caCrl": "/a"}, codes.CONFLICT, "caCrl"),
    gw_tls("tls passthrough", {"mode": "PASSTHROUGH", "credentialName": "a"}, codes.NO_EFFECT, ""),
    gw_tls(
        "tls ciphers", {"mode": "ISTIO_MUTUAL", "cipherSuites": ["FOO"]}, codes.NO_EFFECT, "cipherSuites[0]"
    ),
    gw_tls(
        "tls ciphers",
        {"mode": "ISTIO_MUTUAL", "cipherSuites": ["AES128-SHA"] * 2},
        codes.NO_EFFECT,
        "cipherSuites[1]",
    ),
    gw_tls(
        "tls old",
        {"mode": "ISTIO_MUTUAL", "minProtocolVersion": "TLSV1_1"},
        codes.NO_EFFECT,
        "minProtocolVersion",
    ),
)
