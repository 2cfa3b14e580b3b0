"""What the fields of EnvoyFilters mean."""

from collections.abc import Mapping

ENVOY_FILTER: Mapping[str, Mapping[str, str]] = {
    "EnvoyFilterSpec": {
        "workloadSelector": "The workloads it is for; by default its namespace, or from the root namespace "
        "the mesh.",
        "targetRefs": "Gateways or services it is for, in place of a selector.",
        "configPatches": "Changes, made one after the other.",
        "priority": "Lower ones are made first; by default 0.",
    },
    "TargetReference": {
        "kind": "The object's kind.",
        "name": "The object's name.",
        "group": "Of no effect: the kind says it.",
        "namespace": "Refused: the object is in the same namespace.",
    },
    "ConfigPatch": {
        "applyTo": "What kind of thing in Envoy's configuration is changed.",
        "match": "Which of them; by default all.",
        "patch": "The change.",
    },
    "ObjectMatch": {
        "context": "Whether it is for what sidecars send, what they receive, for gateways, or for all.",
        "proxy": "Which proxies.",
        "listener": "Which listeners, chains and filters.",
        "routeConfiguration": "Which route configurations, virtual hosts and routes.",
        "cluster": "Which clusters.",
        "waypoint": "Of no effect: Convoy has no waypoints.",
    },
    "ProxyMatch": {
        "proxyVersion": "A regular expression for the version that the proxy tells.",
        "metadata": "What the proxy tells of itself: names to values.",
    },
    "ListenerMatch": {
        "name": "The listener's name in Envoy.",
        "portNumber": "Its port; in sidecars, for what is received, the application's.",
        "portName": "Of no effect.",
        "filterChain": "Which of its chains, and which filter in them.",
        "listenerFilter": "The name of one of its listener filters.",
    },
    "FilterChainMatch": {
        "name": "The chain's name in Envoy.",
        "sni": "A server name that it is for.",
        "transportProtocol": "tls or raw_buffer, if it is for one of them.",
        "applicationProtocols": "ALPN names that it is for, separated by commas.",
        "filter": "One of its filters.",
        "destinationPort": "The port that it is for.",
        "transportSocket": "The name of its transport socket.",
    },
    "FilterMatch": {
        "name": "The filter's name, such as envoy.filters.network.http_connection_manager.",
        "subFilter": "One of the HTTP filters within.",
    },
    "SubFilterMatch": {
        "name": "The filter's name, such as envoy.filters.http.router.",
    },
    "RouteConfigurationMatch": {
        "name": "Its name in Envoy.",
        "portNumber": "The port that it is for.",
        "portName": "At gateways, the name of the server's port.",
        "gateway": "At gateways, the Gateway as namespace/name.",
        "vhost": "Which of its virtual hosts.",
    },
    "VirtualHostMatch": {
        "name": "Its name in Envoy, a host and a port such as reviews.default.svc.cluster.local:9080.",
        "domainName": "A domain that it is for.",
        "route": "Which of its routes.",
    },
    "RouteMatch": {
        "name": "The route's name, which is that of its rule.",
        "action": "What the route does.",
    },
    "ClusterMatch": {
        "name": "Its name in Envoy, such as outbound|9080||reviews.default.svc.cluster.local.",
        "service": "The host that it is for.",
        "subset": "The subset that it is for.",
        "portNumber": "The port that it is for.",
    },
    "WaypointMatch": {
        "portNumber": "Of no effect.",
        "filter": "Of no effect.",
        "route": "Of no effect.",
    },
    "WaypointRouteMatch": {
        "name": "Of no effect.",
    },
    "Patch": {
        "operation": "MERGE into it, ADD it, REMOVE it, REPLACE it, or INSERT it FIRST, BEFORE or AFTER the "
        "one matched.",
        "value": "What is merged, added or put in its place, as Envoy's JSON; types are told by @type.",
        "filterClass": "With ADD of an HTTP filter: where it stands, beside authentication, authorization "
        "or statistics.",
    },
}
