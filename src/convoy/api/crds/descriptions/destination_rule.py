"""What the fields of DestinationRules mean."""

from collections.abc import Mapping

_SHORT_HOST = "A name without a dot is completed with the namespace of the rule."
_EXPORT = "The namespaces that see it: * for all, . for its own."

DESTINATION_RULE: Mapping[str, Mapping[str, str]] = {
    "DestinationRuleSpec": {
        "host": f"The host it is for, also with a leading *. {_SHORT_HOST}",
        "trafficPolicy": "The policy for all traffic to the host.",
        "subsets": "Named groups of endpoints, for routes to choose from.",
        "exportTo": _EXPORT,
        "workloadSelector": "The calling workloads for which it is; by default all.",
    },
    "Subset": {
        "name": "What routes call it; unique within the host.",
        "labels": "Labels of the endpoints that belong to it.",
        "trafficPolicy": "The policy for this subset; fields set here replace the host's.",
    },
    "TrafficPolicy": {
        "loadBalancer": "How the endpoint of a request is chosen.",
        "connectionPool": "Limits of connections and requests.",
        "outlierDetection": "When failing endpoints are left out for a while.",
        "tls": "How connections are secured; by default mutual TLS where the endpoint has a sidecar.",
        "portLevelSettings": "The policy for single ports; each replaces the whole policy for its port.",
        "tunnel": "Sends connections inside an HTTP request to a proxy, which is the host.",
        "proxyProtocol": "Tells endpoints the client's address in front of the connection.",
        "retryBudget": "Retries as a share of the requests that are under way, in place of maxRetries.",
    },
    "PortTrafficPolicy": {
        "port": "The service's port.",
        "loadBalancer": "How the endpoint of a request is chosen.",
        "connectionPool": "Limits of connections and requests.",
        "outlierDetection": "When failing endpoints are left out for a while.",
        "tls": "How connections are secured.",
    },
    "LoadBalancer": {
        "simple": "A standard algorithm; the default is LEAST_REQUEST.",
        "consistentHash": "Requests that are alike go to the same endpoint.",
        "backendUtilization": "Endpoints get requests by the load that they report themselves.",
        "localityLbSetting": "Which localities get requests, and which when others fail.",
        "zoneAwareLbSetting": "Endpoints of the caller's zone first, by as much as they can take.",
        "warmup": "New endpoints begin with few requests.",
        "warmupDurationSecs": "The older form of warmup.duration.",
    },
    "ConsistentHash": {
        "httpHeaderName": "Alike are requests with the same value of this header.",
        "httpCookie": "Alike are requests with the same value of this cookie.",
        "useSourceIp": "Alike are requests from the same address.",
        "httpQueryParameterName": "Alike are requests with the same value of this query parameter.",
        "ringHash": "Endpoints stand on a ring; the default.",
        "maglev": "Endpoints stand in a table, which is quicker and moves more requests when one goes.",
        "minimumRingSize": "The older form of ringHash.minimumRingSize.",
    },
    "HttpCookie": {
        "name": "The cookie's name.",
        "path": "The path of the cookie that the proxy sets.",
        "ttl": "How long the cookie that the proxy sets lives, 0s for a session; without it the proxy sets "
        "none.",
        "attributes": "Further attributes of the cookie that the proxy sets.",
    },
    "CookieAttribute": {
        "name": "Such as SameSite.",
        "value": "Such as Strict.",
    },
    "RingHash": {
        "minimumRingSize": "The least number of places on the ring; by default 1024. More share requests "
        "more evenly.",
    },
    "Maglev": {
        "tableSize": "A prime up to 5000011; by default 65537.",
    },
    "BackendUtilization": {
        "weightStabilizationPeriod": "How long an endpoint must have reported before its reports count.",
        "weightExpirationPeriod": "After how long without a report its reports count no more.",
        "weightUpdatePeriod": "How often weights are computed.",
        "errorUtilizationPenaltyPercent": "By how much failed requests count as load.",
        "metricNamesForComputingUtilization": "Names of reported figures that are taken as the load.",
    },
    "LocalityLbSetting": {
        "enabled": "Whether localities count; by default as the mesh says.",
        "distribute": "Shares of localities. Excludes failover and failoverPriority.",
        "failover": "Which region is next when one fails; needs outlierDetection.",
        "failoverPriority": "Labels that endpoints should share with the caller, the most important first.",
    },
    "LocalityDistribute": {
        "from": "Where callers are: region/zone/subzone, * for any.",
        "to": "Localities to their shares, which add up to 100.",
    },
    "LocalityFailover": {
        "from": "The region that fails.",
        "to": "The region that is next.",
    },
    "ZoneAwareLbSetting": {
        "enabled": "Whether zones count.",
        "minClusterSize": "With fewer endpoints, zones do not count; by default 6.",
        "failover": "Which region is next when one fails.",
        "failoverPriority": "Labels that endpoints should share with the caller, the most important first.",
    },
    "Warmup": {
        "duration": "How long an endpoint is new.",
        "minimumPercent": "The share of its usual requests with which it begins; by default 10.",
        "aggression": "How its share grows: 1, the default, evenly; more than 1 faster at first.",
    },
    "ConnectionPool": {"tcp": "Of connections.", "http": "Of requests."},
    "TcpPool": {
        "maxConnections": "The most connections to the host.",
        "connectTimeout": "The longest that connecting may take, such as 500ms; the default is 10s.",
        "tcpKeepalive": "Probes of idle connections, by the kernel.",
        "maxConnectionDuration": "How long a connection may last.",
        "idleTimeout": "After how long without a byte a connection is closed; by default 1h.",
    },
    "TcpKeepalive": {
        "probes": "How many go unanswered before the connection counts as dead.",
        "time": "How long a connection is idle before the first.",
        "interval": "How long between two.",
    },
    "HttpPool": {
        "http1MaxPendingRequests": "The most requests that wait for a connection.",
        "http2MaxRequests": "The most requests under way, of any version of HTTP.",
        "maxRequestsPerConnection": "After how many requests a connection is closed; 1 keeps none open.",
        "maxRetries": "The most retries under way.",
        "idleTimeout": "After how long without a request a connection is closed; by default 1h.",
        "h2UpgradePolicy": "UPGRADE: endpoints are called by HTTP/2 even where the client used HTTP/1.1.",
        "useClientProtocol": "Whether endpoints are called by the client's version of HTTP.",
        "maxConcurrentStreams": "The most requests under way on one HTTP/2 connection.",
        "http2KeepAlive": "Pings on HTTP/2 connections.",
    },
    "Http2KeepAlive": {
        "interval": "How often a ping is sent.",
        "timeout": "How long its answer may take before the connection is closed.",
    },
    "OutlierDetection": {
        "consecutive5xxErrors": "After how many answers of 500 to 599 in a row an endpoint is left out; by "
        "default 5, 0 for never.",
        "consecutiveGatewayErrors": "After how many of 502, 503 and 504 in a row; by default never.",
        "consecutiveErrors": "The older form of consecutiveGatewayErrors.",
        "splitExternalLocalOriginErrors": "Whether failures to connect are counted by themselves.",
        "consecutiveLocalOriginFailures": "After how many failures to connect in a row, where they are "
        "counted by themselves; by default 5.",
        "interval": "How often endpoints are looked at; by default 10s.",
        "baseEjectionTime": "How long one is left out the first time; by default 30s, and longer each time.",
        "maxEjectionPercent": "The most endpoints that are left out at once; by default 10.",
        "minHealthPercent": "With a smaller share of healthy endpoints all of them are called; by default 0.",
        "outlierDetectionHttpErrorCodes": "Statuses that count as errors, in place of 500 to 599.",
    },
    "ClientTlsSettings": {
        "mode": "DISABLE sends plain text; ISTIO_MUTUAL uses the mesh's own certificates.",
        "subjectAltNames": "Identities, one of which the server must prove.",
        "sni": "The server name in the TLS handshake.",
        "clientCertificate": "A file in the proxy, with the certificate for MUTUAL.",
        "privateKey": "A file in the proxy, with its key.",
        "caCertificates": "A file in the proxy, with the roots that the server must prove; by default the "
        "system's.",
        "caCrl": "A file in the proxy, with certificates that are revoked.",
        "credentialName": "A Secret with certificate, key and roots, for gateways, and for sidecars where "
        "the rule selects workloads.",
        "insecureSkipVerify": "Whether any certificate will do.",
    },
    "Tunnel": {
        "protocol": "CONNECT, the default, or POST.",
        "targetHost": "The host that the proxy is asked for.",
        "targetPort": "The port that the proxy is asked for.",
    },
    "ProxyProtocol": {
        "version": "V1, the default, or V2.",
    },
    "RetryBudget": {
        "percent": "Retries, in per cent of the requests under way; by default 20.",
        "minRetryConcurrency": "How many retries there may be in any case; by default 3.",
        "budgetInterval": "For how long requests count that are no longer under way.",
    },
}
