"""A made-up mesh of any size: services, views over all of them, and an own listener for each client."""

from typing import Any

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import (
    http_connection_manager_pb2 as http_pb2,
)
from google.protobuf import json_format
from google.protobuf.any_pb2 import Any as AnyMessage

from bench.fleet.identity import CLIENT, proxy_key
from convoy.xds.cache.encode import encode_resource
from convoy.xds.cache.resources import (
    CLUSTER,
    ENDPOINT,
    LISTENER,
    ROUTE,
    ProxyResources,
    Resource,
    ResourceSet,
    XdsModel,
)

_ADS = {"ads": {}, "resource_api_version": "V3"}
_ROUTE_NAME = "9080"

CHANGES = ("changed route", "changed endpoint", "changed cluster", "new service")


class SyntheticMesh:
    """Builds models; each change gives the next model and what of it a client must come to have."""

    def __init__(self, *, clients: int, services: int) -> None:
        self._services = [f"service-{n}" for n in range(services)]
        self._endpoints = dict.fromkeys(self._services, 1)
        self._timeouts = dict.fromkeys(self._services, 10)
        self._retries = 1
        self._clients = clients
        self._own = [listener(f"inbound-{n}", port=15000, bind=False) for n in range(clients)]
        self._resources: dict[tuple[str, str, int], Resource] = {}
        self._number = 0

    def model(self) -> XdsModel:
        """The mesh as it is now."""
        self._number += 1
        clusters = ResourceSet(self._cluster(name) for name in self._services)
        assignments = ResourceSet(self._assignment(name) for name in self._services)
        shared = listener("outbound", port=9080, bind=False, route=_ROUTE_NAME)
        routes = ResourceSet([self._route()])
        proxies = {
            proxy_key(n): ProxyResources(clusters, assignments, ResourceSet([shared, own]), routes)
            for n, own in enumerate(self._own)
        }
        return XdsModel(self._number, proxies, dict.fromkeys(proxies, CLIENT.spiffe_id))

    def change(self, kind: str) -> dict[tuple[str, str], str]:
        """Change the mesh; gives the versions that every client must have then, by (type, name)."""
        name = self._services[len(self._services) // 2]
        if kind == "changed route":
            self._retries += 1
        elif kind == "changed endpoint":
            self._endpoints[name] += 1
            return _versions(ENDPOINT, self._assignment(name))
        elif kind == "changed cluster":
            self._timeouts[name] += 1
            return _versions(CLUSTER, self._cluster(name))
        elif kind == "new service":
            added = f"service-{len(self._services)}"
            self._services.append(added)
            self._endpoints[added], self._timeouts[added] = 1, 10
            expected = _versions(CLUSTER, self._cluster(added)) | _versions(ENDPOINT, self._assignment(added))
            return expected | _versions(ROUTE, self._route())
        return _versions(ROUTE, self._route())

    def _cluster(self, name: str) -> Resource:
        return self._made(CLUSTER, name, self._timeouts[name])

    def _assignment(self, name: str) -> Resource:
        return self._made(ENDPOINT, name, self._endpoints[name])

    def _made(self, type_url: str, name: str, content: int) -> Resource:
        key = (type_url, name, content)
        if key not in self._resources:
            build = cluster if type_url == CLUSTER else assignment
            self._resources[key] = build(_cluster_name(name), content)
        return self._resources[key]

    def _route(self) -> Resource:
        return route(self._services, retries=self._retries)


def cluster(name: str, timeout: int) -> Resource:
    """An EDS cluster with what a mesh's clusters usually have."""
    shape: dict[str, Any] = {
        "name": name,
        "type": "EDS",
        "connect_timeout": f"{timeout}s",
        "lb_policy": "LEAST_REQUEST",
        "eds_cluster_config": {"eds_config": _ADS, "service_name": name},
        "circuit_breakers": {"thresholds": [{"max_connections": 4294967295, "track_remaining": True}]},
    }
    return encode_resource(CLUSTER, name, json_format.ParseDict(shape, cluster_pb2.Cluster()))


def assignment(name: str, endpoints: int) -> Resource:
    """Some endpoints on loopback."""
    hosts = [{"endpoint": {"address": _address(10_000 + n)}} for n in range(endpoints)]
    shape = {"cluster_name": name, "endpoints": [{"lb_endpoints": hosts}]}
    return encode_resource(ENDPOINT, name, json_format.ParseDict(shape, endpoint_pb2.ClusterLoadAssignment()))


def route(services: list[str], *, retries: int) -> Resource:
    """One route configuration with a virtual host for each service."""
    hosts = [
        {
            "name": f"{name}.fleet.svc.cluster.local:9080",
            "domains": [f"{name}.fleet.svc.cluster.local", f"{name}.fleet.svc", f"{name}.fleet", name],
            "routes": [
                {
                    "name": "default",
                    "match": {"prefix": "/"},
                    "route": {
                        "cluster": _cluster_name(name),
                        "timeout": "0s",
                        "retry_policy": {"retry_on": "connect-failure", "num_retries": retries},
                    },
                }
            ],
        }
        for name in services
    ]
    shape = {"name": _ROUTE_NAME, "virtual_hosts": hosts}
    return encode_resource(ROUTE, _ROUTE_NAME, json_format.ParseDict(shape, route_pb2.RouteConfiguration()))


def listener(name: str, *, port: int, bind: bool, route: str = "") -> Resource:
    """A listener with an HTTP filter chain, routed by RDS if `route` is given."""
    router, packed = AnyMessage(), AnyMessage()
    router.Pack(router_pb2.Router())
    manager = http_pb2.HttpConnectionManager(stat_prefix=name)
    if route:
        json_format.ParseDict({"rds": {"route_config_name": route, "config_source": _ADS}}, manager)
    else:
        manager.route_config.name = name
    manager.http_filters.add(name="envoy.filters.http.router", typed_config=router)
    packed.Pack(manager)
    shape = {"name": name, "address": _address(port), "bind_to_port": bind}
    message = json_format.ParseDict(shape, listener_pb2.Listener())
    message.filter_chains.add().filters.add(name="http", typed_config=packed)
    return encode_resource(LISTENER, name, message)


def _cluster_name(service: str) -> str:
    return f"outbound|9080||{service}.fleet.svc.cluster.local"


def _versions(type_url: str, resource: Resource) -> dict[tuple[str, str], str]:
    return {(type_url, resource.name): resource.version}


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
