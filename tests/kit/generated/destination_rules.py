"""DestinationRules: policies in all their forms."""

from hypothesis import strategies as st
from tests.kit.generated import values as v
from tests.kit.generated.values import Json, Strategy, few, mapping, some, struct

_CERT = {name: f"{v.CERTIFICATES}/{name}.pem" for name in ("cert", "key", "ca", "crl")}

tcp_pool = struct(
    maxConnections=v.counts,
    connectTimeout=v.durations,
    tcpKeepalive=struct(probes=v.unsigned, time=v.durations, interval=v.durations),
    maxConnectionDuration=v.durations,
    idleTimeout=v.spans,
)
http_pool = struct(
    http1MaxPendingRequests=v.counts,
    http2MaxRequests=v.counts,
    maxRequestsPerConnection=v.counts,
    maxRetries=v.counts,
    idleTimeout=v.durations,
    maxConcurrentStreams=v.counts,
    http2KeepAlive=st.fixed_dictionaries({"interval": v.durations, "timeout": v.durations}),
)
_protocols = st.one_of(
    struct(h2UpgradePolicy=some("DEFAULT", "DO_NOT_UPGRADE", "UPGRADE")),
    struct(useClientProtocol=v.bools),
)
_http = st.tuples(http_pool, _protocols).map(lambda both: {**both[0], **both[1]})
connection_pools = struct({"tcp": tcp_pool}, http=_http) | struct({"http": _http}, tcp=tcp_pool)

outlier_detections = struct(
    consecutiveGatewayErrors=v.unsigned,
    consecutive5xxErrors=v.unsigned,
    consecutiveErrors=some(0, 3),
    interval=v.durations,
    baseEjectionTime=v.durations,
    maxEjectionPercent=v.percents,
    minHealthPercent=v.percents,
    outlierDetectionHttpErrorCodes=few(some(100, 429, 500, 599)),
) | struct({"splitExternalLocalOriginErrors": st.just(True)}, consecutiveLocalOriginFailures=v.unsigned)

_sans = few(some("a.example.com", "spiffe://cluster.local/ns/default/sa/a"))
client_tls = st.one_of(
    struct(
        {"mode": some("DISABLE", "ISTIO_MUTUAL")}, subjectAltNames=_sans, sni=some("", "outbound_.80_._.x")
    ),
    struct(
        {"mode": st.just("SIMPLE")}, caCertificates=some(_CERT["ca"]), subjectAltNames=_sans, sni=some("a.b")
    ),
    struct({"mode": some("SIMPLE", "MUTUAL"), "credentialName": some("cert")}, subjectAltNames=_sans),
    struct({"mode": st.just("SIMPLE"), "insecureSkipVerify": v.bools}),
    struct(
        {
            "mode": st.just("MUTUAL"),
            "clientCertificate": some(_CERT["cert"]),
            "privateKey": some(_CERT["key"]),
        },
        caCertificates=some(_CERT["ca"]),
        caCrl=some(_CERT["crl"]),
    ),
)
_cookie = struct(
    {"name": some("session")},
    path=some("", "/"),
    ttl=v.spans,
    attributes=some([], [{"name": "SameSite", "value": "Lax"}], [{"name": "Secure"}, {"name": "HttpOnly"}]),
)
_hash_key = st.one_of(
    st.fixed_dictionaries({"httpHeaderName": v.header_names}),
    st.fixed_dictionaries({"httpCookie": _cookie}),
    st.fixed_dictionaries({"useSourceIp": v.bools}),
    st.fixed_dictionaries({"httpQueryParameterName": some("q")}),
)
_hash_form = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"ringHash": struct(minimumRingSize=some(0, 16, 1024))}),
    st.fixed_dictionaries({"maglev": st.fixed_dictionaries({"tableSize": some(101, 65537)})}),
    st.fixed_dictionaries({"minimumRingSize": some(64, 1024)}),
)
_consistent_hash = st.tuples(_hash_key, _hash_form).map(lambda both: {**both[0], **both[1]})
_failover = some([], [{"from": "region1", "to": "region2"}])
_priority = few(some("version", "example.com/team", "version=v1"), unique=True)
_locality = st.one_of(
    struct(
        distribute=some(
            [{"from": "region1/zone1/*", "to": {"region1/zone1/*": 80, "region1/zone2/*": 20}}],
            [{"from": "*", "to": {"*": 100}}],
        ),
        enabled=v.bools,
    ),
    struct(failover=_failover, failoverPriority=_priority, enabled=v.bools),
)
_zone = struct(enabled=v.bools, minClusterSize=some(1, 6), failover=_failover, failoverPriority=_priority)
_warmup = struct({"duration": v.durations}, minimumPercent=v.percents, aggression=some(0.1, 1.0, 2.5))
_utilization = struct(
    weightStabilizationPeriod=v.spans,
    weightExpirationPeriod=v.spans,
    weightUpdatePeriod=v.spans,
    errorUtilizationPenaltyPercent=v.percents,
    metricNamesForComputingUtilization=few(some("named_metrics.a")),
)
_algorithm = st.one_of(
    struct(
        {"simple": some("UNSPECIFIED", "LEAST_CONN", "RANDOM", "PASSTHROUGH", "ROUND_ROBIN", "LEAST_REQUEST")}
    ),
    st.fixed_dictionaries({"consistentHash": _consistent_hash}),
    st.fixed_dictionaries({"backendUtilization": _utilization}),
    st.just({}),
)
_places = st.one_of(
    struct(localityLbSetting=_locality),
    struct(zoneAwareLbSetting=_zone),
)
_warming = struct(warmup=_warmup, warmupDurationSecs=v.durations)
load_balancers = st.tuples(_algorithm, _places, _warming).map(
    lambda parts: {**parts[0], **parts[1], **parts[2]}
)

_settings: dict[str, Strategy] = {
    "loadBalancer": load_balancers,
    "connectionPool": connection_pools,
    "outlierDetection": outlier_detections,
    "tls": client_tls,
}


def _set_something(policy: Json) -> Json:
    return (
        policy if policy.keys() - {"port", "portLevelSettings"} else {**policy, "connectionPool": {"tcp": {}}}
    )


_port_levels = few(
    struct({"port": st.fixed_dictionaries({"number": v.ports})}, **_settings).map(_set_something),
).map(lambda levels: list({level["port"]["number"]: level for level in levels}.values()))
_tunnel = struct(
    {"targetHost": some("proxy.example.com", "198.19.128.9"), "targetPort": v.ports},
    protocol=some("CONNECT", "POST"),
)
_budget = struct(percent=v.percents, minRetryConcurrency=v.unsigned, budgetInterval=v.spans)
_special = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"tunnel": _tunnel}),
    st.fixed_dictionaries({"proxyProtocol": struct(version=some("V1", "V2"))}),
    st.fixed_dictionaries({"retryBudget": _budget}),
)
policies = st.tuples(struct(**_settings, portLevelSettings=_port_levels), _special).map(
    lambda both: _set_something({**both[0], **both[1]})
)
_subsets = mapping(some(*v.SUBSETS), struct(labels=v.labels, trafficPolicy=policies)).map(
    lambda found: [{"name": name, **rest} for name, rest in found.items()]
)
destination_rules = st.one_of(
    struct(
        {"host": some(*v.HOSTS, *v.WILDCARDS, "*")},
        trafficPolicy=policies,
        subsets=_subsets,
        exportTo=v.export_to,
    ),
    struct(
        {"host": some(*v.HOSTS), "workloadSelector": struct(matchLabels=v.labels)},
        trafficPolicy=policies,
        subsets=_subsets,
        exportTo=some([], ["."]),
    ),
)
