"""Let the real Envoy say whether it would take a proxy's resources, without starting any of them.

`envoy --mode validate` reads a bootstrap, so listeners and clusters become static ones. Route configurations
come over ADS later; here each is put into a listener of its own.
"""

import asyncio
from pathlib import Path
from typing import Any

import orjson
from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3
from envoy.config.listener.v3 import listener_pb2 as listener_v3
from envoy.config.route.v3 import route_pb2 as route_v3
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from tests.kit.envoy_process import ENVOY, ads_bootstrap

from convoy.xds.build.http_connection_manager import HttpRole, build_http_filter
from convoy.xds.cache.consistency import decode
from convoy.xds.cache.resources import ProxyResources


async def refusal(proxy: ProxyResources, folder: Path) -> str:
    """What Envoy says against these resources; empty when it takes them."""
    config = folder / "validated.json"
    config.write_bytes(orjson.dumps(static_bootstrap(proxy)))
    process = await asyncio.create_subprocess_exec(
        ENVOY, "--mode", "validate", "-c", config, "-l", "error", "--disable-hot-restart",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    return output.decode() if process.returncode else ""


def static_bootstrap(proxy: ProxyResources) -> dict[str, Any]:
    """A bootstrap that has the resources built in."""
    bootstrap = ads_bootstrap(1, node_id="sidecar~127.0.0.1~validated.default~cluster.local")
    static = bootstrap["static_resources"]
    static["clusters"] += [as_json(decode(r, cluster_v3.Cluster())) for r in proxy.clusters.values()]
    static["listeners"] = [as_json(decode(r, listener_v3.Listener())) for r in proxy.listeners.values()]
    static["listeners"] += [
        as_json(_holding(decode(r, route_v3.RouteConfiguration()), port))
        for port, r in enumerate(proxy.routes.values(), 20000)
    ]
    del bootstrap["dynamic_resources"]["cds_config"], bootstrap["dynamic_resources"]["lds_config"]
    return bootstrap


def as_json(message: Message) -> dict[str, Any]:
    fields: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    return fields


def _holding(routes: route_v3.RouteConfiguration, port: int) -> listener_v3.Listener:
    listener = listener_v3.Listener(name=f"routes-{port}")
    listener.address.socket_address.address = "127.0.0.1"
    listener.address.socket_address.port_value = port
    listener.filter_chains.add().filters.append(
        build_http_filter(HttpRole.OUTBOUND, listener.name, routes=routes)
    )
    return listener
