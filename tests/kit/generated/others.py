"""ProxyConfigs and EnvoyFilters."""

from hypothesis import strategies as st
from tests.kit.generated import values as v
from tests.kit.generated.values import Json, Strategy, few, mapping, some, struct

_HTTP = "envoy.filters.network.http_connection_manager"

proxy_configs = struct(
    selector=struct(matchLabels=v.labels),
    concurrency=some(0, 1, 2),
    environmentVariables=mapping(some("A", "B_C"), v.texts),
    image=struct(imageType=some("default", "debug", "distroless")),
)

_proxy = struct(proxyVersion=some("", r"^1\.3[0-9].*"), metadata=mapping(some("a"), v.texts))
_chain: Json = {
    "name": v.names,
    "sni": some("www.example.com"),
    "transportProtocol": some("tls"),
    "applicationProtocols": some("h2"),
    "destinationPort": v.ports,
    "transportSocket": some("tls"),
}
_listener: Json = {"name": v.names, "portNumber": v.ports, "portName": v.names, "listenerFilter": v.names}
_network_filter = struct({"name": some(_HTTP, "envoy.filters.network.tcp_proxy")})
_http_filter = struct(
    {"name": st.just(_HTTP)}, subFilter=st.fixed_dictionaries({"name": some("envoy.filters.http.router")})
)
_of_listeners = {
    "LISTENER": struct(**_chain),
    "FILTER_CHAIN": struct(**_chain),
    "NETWORK_FILTER": struct(**_chain, filter=_network_filter),
    "HTTP_FILTER": struct(**_chain, filter=_http_filter),
}
_route = struct(name=v.names, action=some("ANY", "ROUTE", "REDIRECT", "DIRECT_RESPONSE"))
_routes = struct(
    name=some("80", "http.8080"),
    portNumber=v.ports,
    portName=v.names,
    gateway=some("default/public"),
    vhost=struct(name=some("www.example.com:80"), domainName=some("www.example.com"), route=_route),
)
_cluster = struct(name=v.names, service=some(*v.HOSTS), subset=some(*v.SUBSETS), portNumber=v.ports)
_waypoint = struct(portNumber=v.ports, filter=_http_filter, route=struct(name=v.names))
_values = some({"name": "a"}, {}, {"connect_timeout": "1s"})
_changing = some(
    "MERGE", "ADD", "INSERT_BEFORE", "INSERT_AFTER", "INSERT_FIRST", "REPLACE", "MERGE_AND_REPLACE_LIST"
)
_patches = struct(
    {"operation": _changing, "value": _values}, filterClass=some("UNSPECIFIED", "AUTHN", "AUTHZ", "STATS")
) | st.fixed_dictionaries({"operation": st.just("REMOVE")})
_contexts = some("ANY", "SIDECAR_INBOUND", "SIDECAR_OUTBOUND", "GATEWAY")


def _patch(apply_to: str, kind: str, match: Strategy) -> Strategy:
    matched = st.fixed_dictionaries({kind: match}, optional={"context": _contexts, "proxy": _proxy})
    return struct({"applyTo": st.just(apply_to), "patch": _patches}, match=matched)


_config_patches = st.one_of(
    *(
        _patch(apply_to, "listener", struct(**_listener, filterChain=chain))
        for apply_to, chain in _of_listeners.items()
    ),
    *(
        _patch(each, "routeConfiguration", _routes)
        for each in ("ROUTE_CONFIGURATION", "VIRTUAL_HOST", "HTTP_ROUTE")
    ),
    _patch("CLUSTER", "cluster", _cluster),
    struct({"applyTo": some("LISTENER_FILTER", "EXTENSION_CONFIG", "BOOTSTRAP"), "patch": _patches}),
    st.fixed_dictionaries(
        {
            "applyTo": st.just("HTTP_FILTER"),
            "patch": _patches,
            "match": st.fixed_dictionaries({"context": st.just("WAYPOINT"), "waypoint": _waypoint}),
        }
    ),
)
_target = struct(
    {"kind": st.just("Gateway"), "name": some("a"), "group": st.just("gateway.networking.k8s.io")}
)
envoy_filters = st.one_of(
    struct(
        workloadSelector=struct(labels=v.labels),
        configPatches=few(_config_patches, most=3),
        priority=some(-10, 0, 10),
    ),
    struct({"targetRefs": few(_target, least=1)}, configPatches=few(_config_patches)),
)
