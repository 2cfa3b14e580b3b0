"""Objects of every kind, each with several mistakes of one stage, and what must be said of each mistake."""

from dataclasses import dataclass
from typing import Any

NETWORKING = "networking.istio.io/v1alpha3"
SECURITY = "security.istio.io/v1"


@dataclass(frozen=True)
class BadObject:
    """`expected`: of each mistake the field, a piece of the message, a piece of the remedy, the code."""

    kind: str
    stage: str
    spec: Any
    expected: tuple[tuple[str, str, str, str], ...]
    version: str = NETWORKING

    def manifest(self) -> dict[str, Any]:
        """The object."""
        metadata = {"name": "bad", "namespace": "default"}
        return {"apiVersion": self.version, "kind": self.kind, "metadata": metadata, "spec": self.spec}


def _route(**fields: Any) -> dict[str, Any]:
    return {"destination": {"host": "reviews"}, **fields}


BAD_OBJECTS = (
    BadObject(
        "VirtualService",
        "schema",
        {"hosts": "reviews", "htp": [], "http": [{"timeout": 5, "route": [_route(weight="50"), {}]}]},
        (
            ("spec.hosts", '"reviews" is text, but a list is needed', 'Write "- " before it', "CVY0103"),
            ("spec.htp", "unknown field", 'Did you mean "http"?', "CVY0102"),
            ("spec.http[0].timeout", "5 is a number, but text is needed", "Put quotes around", "CVY0103"),
            ("spec.http[0].route[0].weight", '"50" is text', "Remove the quotes", "CVY0103"),
            ("spec.http[0].route[1].destination", "is required but missing", "Add it", "CVY0104"),
        ),
    ),
    BadObject(
        "VirtualService",
        "meaning",
        {
            "hosts": ["rev_iews"],
            "http": [
                {
                    "timeout": "5",
                    "match": [{"uri": {"regex": "("}}],
                    "fault": {"abort": {"httpStatus": 99}},
                    "route": [_route()],
                }
            ],
        },
        (
            ("spec.hosts[0]", '"rev_iews" is not a host name', "A host is labels", "CVY0401"),
            ("spec.http[0].timeout", '"5" is not a duration', "Write a number and a unit", "CVY0404"),
            ("spec.http[0].match[0].uri.regex", '"(" is not a regular expression', "RE2", "CVY0405"),
            ("spec.http[0].fault.abort.httpStatus", "99 is out of range", "Use 200 to 599", "CVY0417"),
        ),
    ),
    BadObject(
        "DestinationRule",
        "schema",
        {"subsets": {"name": "v1"}, "trafficPolicy": {"tls": {"mode": "ISTIO_MUTAL"}}},
        (
            ("spec.host", "is required but missing", "Add it", "CVY0104"),
            ("spec.subsets", "is a mapping, but a list is needed", 'Start each element with "- "', "CVY0103"),
            ("spec.trafficPolicy.tls.mode", '"ISTIO_MUTAL"', 'Did you mean "ISTIO_MUTUAL"?', "CVY0105"),
        ),
    ),
    BadObject(
        "DestinationRule",
        "meaning",
        {
            "host": "reviews",
            "subsets": [{"name": "v1", "labels": {"version": "v1"}}, {"name": "v1", "labels": {"a b": "c"}}],
            "trafficPolicy": {"tls": {"mode": "MUTUAL", "credentialName": "a", "privateKey": "b"}},
        },
        (
            ("spec.subsets[1].name", '"v1" is used twice', "Remove or rename", "CVY0406"),
            ('spec.subsets[1].labels["a b"]', '"a b" is not a label key', "Use a name such as", "CVY0411"),
            ("spec.trafficPolicy.tls.privateKey", "credentialName is set", "Keep one of them", "CVY0408"),
        ),
    ),
    BadObject(
        "ServiceEntry",
        "schema",
        {"hosts": ["a.global"], "resolution": "dns", "ports": [{"number": "9080", "name": "http1"}]},
        (
            ("spec.resolution", '"dns" is not one of', 'Did you mean "DNS"?', "CVY0105"),
            ("spec.ports[0].number", '"9080" is text', "Remove the quotes", "CVY0103"),
        ),
    ),
    BadObject(
        "ServiceEntry",
        "meaning",
        {
            "hosts": ["reviews.default.global"],
            "addresses": ["240.0.0.300"],
            "ports": [{"number": 90800, "name": "http1", "protocol": "htpp"}],
            "resolution": "DNS",
            "exportTo": [".", "."],
        },
        (
            ("spec.addresses[0]", '"240.0.0.300" is neither an address', "", "CVY0412"),
            ("spec.ports[0].number", "90800 is not a port", "Use 1 to 65535", "CVY0403"),
            ("spec.ports[0].protocol", '"htpp"', "", "CVY0413"),
            ("spec.exportTo[1]", '"." is used twice', "Remove or rename", "CVY0406"),
        ),
    ),
    BadObject(
        "Gateway",
        "schema",
        {"selector": ["istio"], "servers": [{"port": {"number": 80, "protcol": "HTTP"}}]},
        (
            ("spec.selector", "is a list, but a mapping is needed", 'Remove the "- "', "CVY0103"),
            ("spec.servers[0].port.protcol", "unknown field", 'Did you mean "protocol"?', "CVY0102"),
            ("spec.servers[0].port.name", "is required but missing", "Add it", "CVY0104"),
            ("spec.servers[0].port.protocol", "is required but missing", "Add it", "CVY0104"),
            ("spec.servers[0].hosts", "is required but missing", "Add it", "CVY0104"),
        ),
    ),
    BadObject(
        "Gateway",
        "meaning",
        {
            "selector": {"istio": "ingressgateway"},
            "servers": [
                {"port": {"number": 0, "name": "http", "protocol": "HTTP"}, "hosts": ["shop"]},
                {"port": {"number": 443, "name": "tls", "protocol": "TLS"}, "hosts": ["*"]},
            ],
        },
        (
            ("spec.servers[0].port.number", "0 is not a port", "Use 1 to 65535", "CVY0403"),
            ("spec.servers[0].hosts[0]", '"shop" is a short name', "Write the full host name", "CVY0401"),
            ("spec.servers[1].tls", "is missing, but port 443 is TLS", "Add tls.mode", "CVY0104"),
        ),
    ),
    BadObject(
        "PeerAuthentication",
        "schema",
        {"mtls": {"mode": "STRIKT"}, "selektor": {}},
        (
            ("spec.mtls.mode", '"STRIKT" is not one of', 'Did you mean "STRICT"?', "CVY0105"),
            ("spec.selektor", "unknown field", 'Did you mean "selector"?', "CVY0102"),
        ),
        version=SECURITY,
    ),
    BadObject(
        "PeerAuthentication",
        "meaning",
        {"portLevelMtls": {"70000": {"mode": "DISABLE"}}},
        (
            ("spec.portLevelMtls", "needs a selector", "Add spec.selector.matchLabels", "CVY0408"),
            ("spec.portLevelMtls.70000", '"70000" is not a port', "Use 1 to 65535", "CVY0403"),
        ),
        version=SECURITY,
    ),
    BadObject(
        "AuthorizationPolicy",
        "kind",
        {"action": "DENY"},
        (("kind", "are not enforced yet", "Remove the object", "CVY0502"),),
        version=SECURITY,
    ),
    BadObject(
        "RequestAuthentication",
        "kind",
        {"jwtRules": []},
        (("kind", "are not enforced yet", "Remove the object", "CVY0502"),),
        version=SECURITY,
    ),
    BadObject("WorkloadEntry", "meaning", {}, (("spec.address", "is empty", "Say an address", "CVY0407"),)),
    BadObject("WorkloadGroup", "schema", {}, (("spec.template", "is required", "Add it", "CVY0104"),)),
    BadObject("Sidecar", "meaning", {}, (("spec", "sets nothing", "Set ingress", "CVY0407"),)),
    BadObject(
        "WasmPlugin",
        "kind",
        {"url": "oci://example.test/a"},
        (("kind", "is not supported yet", "Remove", "CVY0502"),),
        version="extensions.istio.io/v1alpha1",
    ),
)
