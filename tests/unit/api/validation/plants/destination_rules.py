"""The rules of DestinationRules."""

from tests.unit.api.validation.planting import Plant
from tests.unit.api.validation.plants.making import LONG, balancer, dr, policy

from convoy.api import codes

_FAR = {"from": "region1", "to": "region2"}
PLANTS: tuple[Plant, ...] = (
    dr("rule host", {"host": "1.2.3.4/8"}, codes.BAD_HOST, "host"),
    dr("rule host", {"host": "1.2.3.4"}, codes.BAD_HOST, "host"),
    dr("rule host", {"host": ""}, codes.BAD_HOST, "host"),
    dr("label", {"subsets": [{"name": "a_b"}]}, codes.BAD_NAME, "subsets[0].name"),
    dr("label", {"subsets": [{"name": LONG}]}, codes.BAD_NAME, "subsets[0].name"),
    dr("subset name", {"subsets": [{"name": ""}]}, codes.BAD_NAME, "subsets[0].name"),
    dr("subset name", {"subsets": [{"name": "a"}, {"name": "a"}]}, codes.DUPLICATE_VALUE, "subsets[1].name"),
    policy("policy empty", {}, codes.EMPTY, ""),
    dr(
        "policy empty",
        {"subsets": [{"name": "a", "trafficPolicy": {}}]},
        codes.EMPTY,
        "subsets[0].trafficPolicy",
    ),
    policy(
        "tunnel",
        {"tunnel": {"protocol": "GET", "targetHost": "a", "targetPort": 1}},
        codes.UNKNOWN_VALUE,
        "tunnel.protocol",
    ),
    policy("tunnel", {"tunnel": {"targetHost": "a b", "targetPort": 1}}, codes.BAD_HOST, "tunnel.targetHost"),
    policy(
        "tunnel", {"tunnel": {"targetHost": "a", "targetPort": 65536}}, codes.BAD_PORT, "tunnel.targetPort"
    ),
    policy(
        "tunnel", {"tunnel": {"targetHost": "a", "targetPort": 1}, "proxyProtocol": {}}, codes.CONFLICT, ""
    ),
    policy(
        "proxy protocol", {"proxyProtocol": {"version": "V3"}}, codes.UNKNOWN_VALUE, "proxyProtocol.version"
    ),
    policy("pool empty", {"connectionPool": {}}, codes.EMPTY, "connectionPool"),
    policy(
        "pool count",
        {"connectionPool": {"tcp": {"maxConnections": -1}}},
        codes.BAD_NUMBER,
        "connectionPool.tcp.maxConnections",
    ),
    policy(
        "pool count",
        {"connectionPool": {"http": {"maxRetries": -1}}},
        codes.BAD_NUMBER,
        "connectionPool.http.maxRetries",
    ),
    policy(
        "pool protocol",
        {"connectionPool": {"http": {"h2UpgradePolicy": "UPGRADE", "useClientProtocol": True}}},
        codes.CONFLICT,
        "connectionPool.http.useClientProtocol",
    ),
    policy(
        "pool keepalive",
        {"connectionPool": {"http": {"http2KeepAlive": {"interval": "1s"}}}},
        codes.MISSING_FIELD,
        "connectionPool.http.http2KeepAlive.timeout",
    ),
    policy(
        "pool keepalive",
        {"connectionPool": {"http": {"http2KeepAlive": {"timeout": "1s"}}}},
        codes.MISSING_FIELD,
        "connectionPool.http.http2KeepAlive.interval",
    ),
    policy(
        "outlier",
        {"outlierDetection": {"consecutiveLocalOriginFailures": 1}},
        codes.CONFLICT,
        "outlierDetection.consecutiveLocalOriginFailures",
    ),
    policy(
        "duration", {"outlierDetection": {"interval": "0s"}}, codes.BAD_DURATION, "outlierDetection.interval"
    ),
    policy(
        "deprecated policy",
        {"outlierDetection": {"consecutiveErrors": 1}},
        codes.DEPRECATED,
        "outlierDetection.consecutiveErrors",
    ),
    balancer(
        "deprecated policy",
        {"consistentHash": {"useSourceIp": True, "minimumRingSize": 1}},
        codes.DEPRECATED,
        "consistentHash.minimumRingSize",
    ),
    balancer("deprecated policy", {"warmupDurationSecs": "1s"}, codes.DEPRECATED, "warmupDurationSecs"),
    balancer("deprecated policy", {"simple": "LEAST_CONN"}, codes.DEPRECATED, "simple"),
    balancer(
        "hash cookie",
        {"consistentHash": {"httpCookie": {"name": ""}}},
        codes.EMPTY,
        "consistentHash.httpCookie.name",
    ),
    balancer(
        "hash cookie",
        {"consistentHash": {"httpCookie": {"name": "a", "attributes": [{"name": ""}]}}},
        codes.EMPTY,
        "consistentHash.httpCookie.attributes[0].name",
    ),
    balancer(
        "hash cookie",
        {"consistentHash": {"httpCookie": {"name": "a", "attributes": [{"name": "b"}] * 2}}},
        codes.DUPLICATE_VALUE,
        "consistentHash.httpCookie.attributes[1].name",
    ),
    balancer(
        "hash form",
        {"consistentHash": {"useSourceIp": True, "ringHash": {}, "maglev": {"tableSize": 5}}},
        codes.CONFLICT,
        "consistentHash",
    ),
    balancer(
        "hash form",
        {"consistentHash": {"useSourceIp": True, "ringHash": {}, "minimumRingSize": 1}},
        codes.CONFLICT,
        "consistentHash",
    ),
    balancer(
        "hash table",
        {"consistentHash": {"useSourceIp": True, "maglev": {"tableSize": 100}}},
        codes.BAD_NUMBER,
        "consistentHash.maglev.tableSize",
    ),
    balancer(
        "hash table",
        {"consistentHash": {"useSourceIp": True, "maglev": {"tableSize": 5000011}}},
        codes.BAD_NUMBER,
        "consistentHash.maglev.tableSize",
    ),
    balancer(
        "hash table",
        {"consistentHash": {"useSourceIp": True, "maglev": {}}},
        codes.MISSING_FIELD,
        "consistentHash.maglev.tableSize",
    ),
    balancer(
        "hash key",
        {"consistentHash": {"useSourceIp": True, "httpHeaderName": "a"}},
        codes.CONFLICT,
        "consistentHash",
    ),
    balancer("hash key", {"simple": "RANDOM", "consistentHash": {"useSourceIp": True}}, codes.CONFLICT, ""),
    balancer("locality and zone", {"localityLbSetting": {}, "zoneAwareLbSetting": {}}, codes.CONFLICT, ""),
    balancer(
        "distribute",
        {"localityLbSetting": {"distribute": [{"from": "a", "to": {"a": 100}}], "failover": [_FAR]}},
        codes.CONFLICT,
        "localityLbSetting",
    ),
    balancer(
        "distribute",
        {"localityLbSetting": {"distribute": [{"from": "a", "to": {"a": 90}}]}},
        codes.BAD_WEIGHT,
        "localityLbSetting.distribute[0].to",
    ),
    balancer(
        "distribute",
        {"localityLbSetting": {"distribute": [{"from": "a", "to": {"a": 0, "b": 100}}]}},
        codes.BAD_WEIGHT,
        "localityLbSetting.distribute[0].to.a",
    ),
    balancer(
        "locality",
        {"localityLbSetting": {"distribute": [{"from": "a//b", "to": {"a": 100}}]}},
        codes.BAD_POLICY,
        "localityLbSetting.distribute[0].from",
    ),
    balancer(
        "locality",
        {"localityLbSetting": {"distribute": [{"from": "*/b", "to": {"a": 100}}]}},
        codes.BAD_POLICY,
        "localityLbSetting.distribute[0].from",
    ),
    balancer(
        "locality",
        {"localityLbSetting": {"distribute": [{"from": each, "to": {"a": 100}} for each in ("a", "a/b")]}},
        codes.DUPLICATE_VALUE,
        "localityLbSetting.distribute[1].from",
    ),
    balancer(
        "failover",
        {"localityLbSetting": {"failover": [{"from": "a", "to": "a"}]}},
        codes.BAD_POLICY,
        "localityLbSetting.failover[0]",
    ),
    balancer(
        "failover",
        {"localityLbSetting": {"failover": [{"from": "a", "to": "b/c"}]}},
        codes.BAD_POLICY,
        "localityLbSetting.failover[0].to",
    ),
    balancer(
        "failover",
        {"zoneAwareLbSetting": {"failover": [{"from": "a*", "to": "b"}]}},
        codes.BAD_POLICY,
        "zoneAwareLbSetting.failover[0].from",
    ),
    balancer(
        "failover priority",
        {"localityLbSetting": {"failover": [_FAR], "failoverPriority": ["topology.kubernetes.io/region"]}},
        codes.CONFLICT,
        "localityLbSetting.failoverPriority[0]",
    ),
    balancer(
        "failover priority",
        {"zoneAwareLbSetting": {"failoverPriority": ["topology.kubernetes.io/zone"]}},
        codes.CONFLICT,
        "zoneAwareLbSetting.failoverPriority[0]",
    ),
    policy(
        "failover detection",
        {"loadBalancer": {"localityLbSetting": {"failover": [_FAR]}}},
        codes.NO_EFFECT,
        "loadBalancer.localityLbSetting.failover",
    ),
    balancer("warmup", {"warmup": {}}, codes.MISSING_FIELD, "warmup.duration"),
    balancer(
        "warmup",
        {"warmup": {"duration": "1s", "minimumPercent": 150}},
        codes.BAD_NUMBER,
        "warmup.minimumPercent",
    ),
    balancer(
        "warmup", {"warmup": {"duration": "1s", "aggression": 0}}, codes.BAD_NUMBER, "warmup.aggression"
    ),
    policy(
        "client tls",
        {"tls": {"mode": "MUTUAL", "clientCertificate": "/a"}},
        codes.MISSING_FIELD,
        "tls.privateKey",
    ),
    policy(
        "client tls",
        {"tls": {"mode": "MUTUAL", "privateKey": "/a"}},
        codes.MISSING_FIELD,
        "tls.clientCertificate",
    ),
    policy(
        "client tls",
        {"tls": {"mode": "SIMPLE", "credentialName": "a", "caCertificates": "/a"}},
        codes.CONFLICT,
        "tls.caCertificates",
    ),
    policy(
        "client tls",
        {"tls": {"mode": "MUTUAL", "credentialName": "a", "caCrl": "/a"}},
        codes.CONFLICT,
        "tls.caCrl",
    ),
    policy(
        "skip verify",
        {"tls": {"mode": "SIMPLE", "insecureSkipVerify": True, "caCertificates": "/a"}},
        codes.CONFLICT,
        "tls.caCertificates",
    ),
    policy(
        "skip verify",
        {"tls": {"mode": "SIMPLE", "insecureSkipVerify": True, "subjectAltNames": ["a"]}},
        codes.CONFLICT,
        "tls.subjectAltNames",
    ),
    policy(
        "skip verify",
        {"tls": {"mode": "SIMPLE", "insecureSkipVerify": True, "credentialName": "a"}},
        codes.CONFLICT,
        "tls.credentialName",
    ),
    policy(
        "port level", {"portLevelSettings": [{"tls": {}}]}, codes.MISSING_FIELD, "portLevelSettings[0].port"
    ),
    policy(
        "port level", {"portLevelSettings": [{"port": {"number": 1}}]}, codes.EMPTY, "portLevelSettings[0]"
    ),
)
