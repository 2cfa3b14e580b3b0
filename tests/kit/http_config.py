"""The smallest configuration through which HTTP flows: listener, route, EDS cluster, assignment."""

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

from convoy.xds.cache.encode import encode_resource
from convoy.xds.cache.resources import CLUSTER, ENDPOINT, LISTENER, ROUTE, Resource

_ADS = {"ads": {}, "resource_api_version": "V3"}


def eds_cluster(name: str, *, connect_timeout: str = "1s") -> Resource:
    shape = {
        "name": name,
        "type": "EDS",
        "connect_timeout": connect_timeout,
        "eds_cluster_config": {"eds_config": _ADS},
    }
    return encode_resource(CLUSTER, name, json_format.ParseDict(shape, cluster_pb2.Cluster()))


def refused_cluster(name: str) -> Resource:
    """A cluster that Envoy decodes and then refuses."""
    shape = {"name": name, "type": "STATIC", "lb_policy": "LOAD_BALANCING_POLICY_CONFIG"}
    return encode_resource(CLUSTER, name, json_format.ParseDict(shape, cluster_pb2.Cluster()))


def invalid_cluster(name: str) -> Resource:
    """A cluster that Envoy refuses while it decodes the response, and with it the whole response."""
    shape = {"name": name, "type": "STATIC", "connect_timeout": "-1s"}
    return encode_resource(CLUSTER, name, json_format.ParseDict(shape, cluster_pb2.Cluster()))


def endpoints(name: str, *ports: int) -> Resource:
    hosts = [{"endpoint": {"address": _address(port)}} for port in ports]
    shape = {"cluster_name": name, "endpoints": [{"lb_endpoints": hosts}]}
    message = json_format.ParseDict(shape, endpoint_pb2.ClusterLoadAssignment())
    return encode_resource(ENDPOINT, name, message)


def http_listener(name: str, *, route: str, stat_prefix: str = "http") -> Resource:
    """A listener on a free port of 127.0.0.1, routed by RDS."""
    router = AnyMessage()
    router.Pack(router_pb2.Router())
    manager = http_pb2.HttpConnectionManager(stat_prefix=stat_prefix)
    json_format.ParseDict({"rds": {"route_config_name": route, "config_source": _ADS}}, manager)
    manager.http_filters.add(name="envoy.filters.http.router", typed_config=router)
    packed = AnyMessage()
    packed.Pack(manager)
    listener = json_format.ParseDict({"name": name, "address": _address(0)}, listener_pb2.Listener())
    chain = listener.filter_chains.add(name="http")
    chain.filters.add(name="envoy.filters.network.http_connection_manager", typed_config=packed)
    return encode_resource(LISTENER, name, listener)


def http_route(name: str, cluster: str) -> Resource:
    routes = [{"match": {"prefix": "/"}, "route": {"cluster": cluster}}]
    host = {"name": "all", "domains": ["*"], "routes": routes}
    shape = {"name": name, "virtual_hosts": [host], "validate_clusters": False}
    return encode_resource(ROUTE, name, json_format.ParseDict(shape, route_pb2.RouteConfiguration()))


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
