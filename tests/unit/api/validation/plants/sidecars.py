"""The rules of Sidecars."""

from tests.unit.api.validation.planting import REMOVED, Plant
from tests.unit.api.validation.plants.making import MUTUAL, PAIR, egress, ingress, sidecar

from convoy.api import codes

_OUT = {"port": {"number": 1, "protocol": "HTTP"}, "hosts": ["./*"]}
PLANTS: tuple[Plant, ...] = (
    sidecar(
        "sidecar empty",
        {"ingress": [], "egress": [], "outboundTrafficPolicy": REMOVED, "inboundConnectionPool": REMOVED},
        codes.EMPTY,
        "",
    ),
    sidecar(
        "ingress port",
        {"ingress": [{"port": {"number": 1, "protocol": "TCP"}}] * 2},
        codes.DUPLICATE_VALUE,
        "ingress[1].port.number",
    ),
    ingress("port", {"port": {"number": 0, "protocol": "TCP"}}, codes.BAD_PORT, "port.number"),
    ingress(
        "ingress port",
        {"port": {"number": 1, "protocol": "TCP", "targetPort": 1}},
        codes.BAD_PORT,
        "port.targetPort",
    ),
    ingress(
        "gateway protocol", {"port": {"number": 1, "protocol": "FOO"}}, codes.BAD_PROTOCOL, "port.protocol"
    ),
    ingress("ingress bind", {"bind": "a"}, codes.BAD_ADDRESS, "bind"),
    ingress("ingress endpoint", {"defaultEndpoint": "10.0.0.1:80"}, codes.BAD_ADDRESS, "defaultEndpoint"),
    ingress("ingress endpoint", {"defaultEndpoint": "127.0.0.1"}, codes.BAD_ADDRESS, "defaultEndpoint"),
    ingress("ingress endpoint", {"defaultEndpoint": "127.0.0.1:x"}, codes.BAD_PORT, "defaultEndpoint"),
    ingress("ingress endpoint", {"defaultEndpoint": "127.0.0.1:015000"}, codes.BAD_PORT, "defaultEndpoint"),
    ingress("ingress endpoint", {"defaultEndpoint": "unix://a"}, codes.BAD_ADDRESS, "defaultEndpoint"),
    ingress("ingress tls", {"tls": {"mode": "SIMPLE", **PAIR}}, codes.CONFLICT, "tls"),
    ingress(
        "ingress tls",
        {"port": {"number": 1, "protocol": "TLS"}, "tls": {"mode": "ISTIO_MUTUAL"}},
        codes.CONFLICT,
        "tls.mode",
    ),
    ingress(
        "ingress tls",
        {"port": {"number": 1, "protocol": "TLS"}, "tls": {**MUTUAL, "subjectAltNames": ["a"]}},
        codes.CONFLICT,
        "tls.subjectAltNames",
    ),
    ingress(
        "ingress tls",
        {"port": {"number": 1, "protocol": "TLS"}, "tls": {**MUTUAL, "httpsRedirect": True}},
        codes.CONFLICT,
        "tls.httpsRedirect",
    ),
    ingress(
        "ingress tls",
        {"port": {"number": 1, "protocol": "TLS"}, "tls": {"mode": "SIMPLE", "credentialName": "a"}},
        codes.CONFLICT,
        "tls.credentialName",
    ),
    ingress("pool empty", {"connectionPool": {}}, codes.EMPTY, "connectionPool"),
    sidecar("egress port", {"egress": [{"hosts": ["./*"]}, _OUT]}, codes.CONFLICT, "egress[0]"),
    sidecar("egress port", {"egress": [{"hosts": ["./*"]}, {"hosts": ["./*"]}]}, codes.CONFLICT, "egress[0]"),
    sidecar("egress port", {"egress": [_OUT, _OUT]}, codes.DUPLICATE_VALUE, "egress[1].port"),
    egress("egress bind", {"bind": "a"}, codes.BAD_ADDRESS, "bind"),
    egress("egress bind", {"port": {"number": 0, "protocol": "HTTP"}}, codes.BAD_PORT, "port.number"),
    egress(
        "egress bind",
        {"port": {"number": 0}, "bind": "unix:///a", "captureMode": "IPTABLES"},
        codes.CONFLICT,
        "captureMode",
    ),
    egress("egress hosts", {"hosts": []}, codes.EMPTY, "hosts"),
    egress("egress hosts", {"hosts": ["a.b"]}, codes.BAD_HOST, "hosts[0]"),
    egress("egress hosts", {"hosts": ["./a"]}, codes.BAD_HOST, "hosts[0]"),
    egress("egress hosts", {"hosts": ["a b/*"]}, codes.BAD_HOST, "hosts[0]"),
    egress("egress repeated", {"hosts": ["a/b.c", "a/*"]}, codes.NO_EFFECT, "hosts[1]"),
    egress("egress repeated", {"hosts": ["*/*", "a/*"]}, codes.NO_EFFECT, "hosts"),
    sidecar(
        "egress proxy",
        {"outboundTrafficPolicy": {"egressProxy": {"host": "a.b", "port": {"number": 1}}}},
        codes.CONFLICT,
        "outboundTrafficPolicy.egressProxy",
    ),
    sidecar(
        "egress proxy",
        {"outboundTrafficPolicy": {"mode": "ALLOW_ANY", "egressProxy": {"host": "a.b"}}},
        codes.MISSING_FIELD,
        "outboundTrafficPolicy.egressProxy.port",
    ),
    sidecar(
        "egress proxy",
        {"outboundTrafficPolicy": {"mode": "ALLOW_ANY_DYNAMIC_DNS"}},
        codes.UNKNOWN_VALUE,
        "outboundTrafficPolicy.mode",
    ),
)
