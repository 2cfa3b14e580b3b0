"""Gateways and the TLS of their servers; Sidecars, which have it, too."""

from hypothesis import strategies as st
from tests.kit.generated import values as v
from tests.kit.generated.destination_rules import connection_pools
from tests.kit.generated.values import Json, Strategy, few, mapping, some, struct

_CERT = {name: f"{v.CERTIFICATES}/{name}.pem" for name in ("cert", "key", "ca", "crl")}
_pair = st.fixed_dictionaries({"serverCertificate": some(_CERT["cert"]), "privateKey": some(_CERT["key"])})
_versions = some("TLS_AUTO", "TLSV1_2", "TLSV1_3")
_client_checks: Json = {
    "subjectAltNames": few(some("client.example.com")),
    "verifyCertificateSpki": few(some("NvqYIYSbgK2vCJpQhObf77vv+bQWtc5ek5RIOwPiC9A=")),
    "verifyCertificateHash": few(some("ab" * 32)),
    "insecureSkipVerify": v.bools,
}
_parameters: Json = {
    "cipherSuites": few(
        some("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "UNKNOWN-CIPHER")
    ),
    "ecdhCurves": few(some("X25519", "P-256"), unique=True),
}
_range = st.one_of(
    st.just({}),
    st.fixed_dictionaries(
        {"minProtocolVersion": some("TLS_AUTO", "TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3")}
    ),
    st.fixed_dictionaries({"maxProtocolVersion": _versions}),
    st.just({"minProtocolVersion": "TLSV1_2", "maxProtocolVersion": "TLSV1_3"}),
)


def _server_tls(*, at_gateway: bool) -> Strategy:
    """Settings in every mode; of a Sidecar without what only a gateway has."""
    checks = dict(_client_checks)
    if not at_gateway:
        del checks["subjectAltNames"]
    files = [
        st.tuples(struct({"mode": st.just("SIMPLE")}, **_parameters), _pair),
        st.tuples(
            struct(
                {"mode": some("MUTUAL", "OPTIONAL_MUTUAL"), "caCertificates": some(_CERT["ca"])},
                caCrl=some(_CERT["crl"]),
                **checks,
                **_parameters,
            ),
            _pair,
        ),
    ]
    secrets = []
    if at_gateway:
        named = st.fixed_dictionaries({"credentialName": some("cert", "missing")}) | st.fixed_dictionaries(
            {"credentialNames": few(some("cert", "other-cert"), least=1, unique=True)}
        )
        secrets = [
            st.tuples(
                struct(
                    {"mode": some("SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL")},
                    caCertCredentialName=some("cert-ca"),
                    **checks,
                    **_parameters,
                ),
                named,
            ),
            st.tuples(
                struct({"mode": st.just("MUTUAL"), "caCertificates": some(_CERT["ca"])}),
                st.fixed_dictionaries({"tlsCertificates": few(_certificates, least=1)}),
            ),
            st.tuples(struct({"mode": some("ISTIO_MUTUAL")}, **_parameters), st.just({})),
            st.tuples(struct({"mode": some("PASSTHROUGH", "AUTO_PASSTHROUGH")}), st.just({})),
        ]
    both = st.tuples(st.one_of(files + secrets), _range)
    return both.map(lambda found: {**found[0][0], **found[0][1], **found[1]})


_certificates = struct(
    {"serverCertificate": some(_CERT["cert"]), "privateKey": some(_CERT["key"])},
    caCertificates=some(_CERT["ca"]),
)
_plain = some("HTTP", "HTTP2", "GRPC", "GRPC-WEB", "http")
_tls = some("HTTPS", "TLS", "tls")
_hosts = few(
    some(
        "*",
        "www.example.com",
        "*.example.com",
        "default/api.example.com",
        "./*",
        "*/www.other.org",
        "198.19.0.9",
    ),
    least=1,
    unique=True,
)


def _server(protocol: Strategy, **more: Strategy) -> Strategy:
    port = st.fixed_dictionaries({"number": v.ports, "name": some("a", "b", "c"), "protocol": protocol})
    optional: Json = {
        "name": v.names,
        "bind": some("", "127.0.0.1", "::"),
        "defaultEndpoint": some("127.0.0.1:80"),
    }
    return struct({"port": port, "hosts": _hosts, **more}, **optional)


def _redirecting(server: Json) -> Json:
    return {**server, "tls": {"httpsRedirect": True}}


_servers = st.one_of(
    _server(_plain),
    _server(_plain).map(_redirecting),
    _server(_tls, tls=_server_tls(at_gateway=True)),
    _server(some("TCP", "MONGO", "MYSQL", "REDIS")),
    _server(_plain).map(
        lambda server: {
            **server,
            "bind": "unix:///var/run/gate.sock",
            "port": {**server["port"], "number": 0},
        }
    ),
)
gateways = struct(
    {"servers": few(_servers, least=1, most=3).map(lambda servers: _named_apart(servers))},
    selector=some({"istio": "gate"}, {"app": "gate"}),
)


def _named_apart(servers: list[Json]) -> list[Json]:
    return list({server["port"]["name"]: server for server in servers}.values())


_ingress = struct(
    {"port": struct({"number": v.ports, "protocol": some("HTTP", "TCP", "GRPC")}, name=some("http"))},
    bind=some("", "127.0.0.1"),
    captureMode=some("DEFAULT", "IPTABLES", "NONE"),
    defaultEndpoint=some("127.0.0.1:8080", "0.0.0.0:80", "[::1]:80", ":90", "unix:///var/run/app.sock"),
    connectionPool=connection_pools,
)
_ingress_tls = struct(
    {
        "port": st.fixed_dictionaries(
            {"number": v.ports, "protocol": some("HTTPS", "TLS"), "name": some("tls")}
        ),
        "tls": _server_tls(at_gateway=False),
    }
)
_imports = few(
    some(
        "./*",
        "*/*",
        "istio-system/*",
        "default/reviews.default.svc.cluster.local",
        "~other/*",
        "*/*.example.com",
    ),
    least=1,
    unique=True,
)
_socket_listener = struct(
    {
        "hosts": _imports,
        "bind": st.just("unix:///var/run/out.sock"),
        "port": st.fixed_dictionaries({"number": st.just(0), "protocol": some("HTTP", "TCP")}),
    },
    captureMode=some("DEFAULT", "NONE"),
)
_port_listener = struct(
    {
        "hosts": _imports,
        "port": struct({"number": v.ports}, protocol=some("HTTP", "TCP", ""), name=some("x")),
    },
    bind=some("", "127.0.0.1", "0.0.0.0"),
    captureMode=some("DEFAULT", "IPTABLES", "NONE"),
)


@st.composite
def sidecars(draw: st.DrawFn) -> Json:
    """The spec of one."""
    spec: Json = draw(
        struct(
            workloadSelector=struct(labels=mapping(some("app"), some(*v.APPS))),
            inboundConnectionPool=connection_pools,
            outboundTrafficPolicy=_outbound,
        )
    )
    if draw(v.bools):
        listeners = draw(few(_ingress | _ingress_tls, least=1))
        spec["ingress"] = list({each["port"]["number"]: each for each in listeners}.values())
    listeners = draw(few(_port_listener))
    egress = list({each["port"]["number"]: each for each in listeners}.values())
    egress += draw(few(_socket_listener, most=1)) + draw(few(struct({"hosts": _imports}), most=1))
    if egress or not spec.keys() - {"workloadSelector"}:
        spec["egress"] = egress or [{"hosts": ["./*"]}]
    return spec


_outbound = struct(mode=some("REGISTRY_ONLY", "ALLOW_ANY")) | st.fixed_dictionaries(
    {
        "mode": st.just("ALLOW_ANY"),
        "egressProxy": struct(
            {"host": some(*v.SERVICES), "port": st.fixed_dictionaries({"number": v.ports})}, subset=some("v1")
        ),
    }
)
