"""A real Envoy that takes its configuration from an ADS server on loopback."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson

ENVOY = Path(sys.executable).parent / "envoy"


def ads_bootstrap(
    port: int, *, node_id: str, api_type: str = "DELTA_GRPC", tls: dict[str, Any] | None = None
) -> dict[str, Any]:
    """CDS and LDS over ADS at 127.0.0.1:port; `tls` is an UpstreamTlsContext."""
    ads: dict[str, Any] = {"ads": {}, "resource_api_version": "V3"}
    cluster: dict[str, Any] = {
        "name": "xds-grpc",
        "type": "STATIC",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
        "load_assignment": {
            "cluster_name": "xds-grpc",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": socket_address(port)}}]}],
        },
    }
    if tls is not None:
        cluster["transport_socket"] = {
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
                **tls,
            },
        }
    service = {
        "envoy_grpc": {
            "cluster_name": "xds-grpc",
            "retry_policy": {"retry_back_off": {"base_interval": "0.1s", "max_interval": "0.3s"}},
        }
    }
    return {
        "node": {"id": node_id, "cluster": "test"},
        "admin": {"address": socket_address(0)},
        "dynamic_resources": {
            "ads_config": {
                "api_type": api_type,
                "transport_api_version": "V3",
                "grpc_services": [service],
                "set_node_on_first_message_only": True,
            },
            "cds_config": ads,
            "lds_config": ads,
        },
        "static_resources": {"clusters": [cluster]},
    }


def socket_address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


class EnvoyProcess:
    """A running Envoy and its admin interface."""

    def __init__(self, process: asyncio.subprocess.Process, admin: str, http: aiohttp.ClientSession) -> None:
        self.process = process
        self._admin = admin
        self._http = http

    async def admin(self, path: str) -> str:
        async with self._http.get(f"http://{self._admin}{path}") as answer:
            return await answer.text()

    async def stats(self, pattern: str) -> dict[str, int]:
        text = await self.admin(f"/stats?format=json&filter={pattern}")
        return {s["name"]: s["value"] for s in orjson.loads(text)["stats"] if "value" in s}

    async def stat(self, name: str) -> int:
        return (await self.stats(f"^{name}$")).get(name, 0)

    async def dump(self, resource: str) -> list[Any]:
        """Entries of the config dump, as in `dynamic_active_clusters`."""
        found: list[Any] = orjson.loads(await self.admin(f"/config_dump?resource={resource}")).get(
            "configs", []
        )
        return found

    async def wait_stat(self, name: str, at_least: int) -> int:
        """Wait until a counter or gauge has reached a value."""
        while True:
            if (value := await self.stat(name)) >= at_least:
                return value
            await asyncio.sleep(0.02)

    async def listener_port(self, name: str) -> int:
        """Wait for a listener that has a port of the kernel's choice; gives the port."""
        while True:
            for status in orjson.loads(await self.admin("/listeners?format=json")).get(
                "listener_statuses", []
            ):
                if status["name"] == name:
                    port: int = status["local_address"]["socket_address"]["port_value"]
                    return port
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def running_envoy(bootstrap: dict[str, Any], folder: Path) -> AsyncIterator[EnvoyProcess]:
    """Start Envoy, wait for its admin interface, and end it afterwards."""
    config, address, output = folder / "envoy.json", folder / "admin", folder / "envoy.log"
    config.write_bytes(orjson.dumps(bootstrap))
    arguments = ["-c", str(config), "--admin-address-path", str(address), "--concurrency", "1"]
    with output.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            ENVOY, *arguments, "--disable-hot-restart", "-l", "warning", stdout=log, stderr=log
        )
    try:
        while not address.exists() or not address.read_text():
            if process.returncode is not None:
                raise AssertionError(f"Envoy ended: {output.read_text()}")
            await asyncio.sleep(0.02)
        async with aiohttp.ClientSession() as http:
            yield EnvoyProcess(process, address.read_text(), http)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
