"""An EnvoyLike on a real connection, which it opens anew when it breaks."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import grpc
import msgspec

from bench.fleet.decoding import Reading
from bench.fleet.envoy_like import EnvoyLike, Shared
from bench.fleet.identity import ClientTls
from convoy.kit.backoff import backoff

METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
_OPTIONS = [
    ("grpc.use_local_subchannel_pool", 1),  # each client has a connection of its own, as proxies have
    ("grpc.max_receive_message_length", -1),
]

Expected = Mapping[tuple[str, str], str]
"""Versions by (type, name)."""
Acknowledged = Callable[["FleetClient", Reading], None]


class Member(msgspec.Struct, frozen=True):
    """Who a client of the fleet is; without `tls` it speaks plain text."""

    node_id: str
    tls: ClientTls | None = None


class FleetClient:
    """One client of the fleet and when what happened to it."""

    def __init__(self, member: Member, address: str, shared: Shared) -> None:
        self.state = EnvoyLike(member.node_id, shared)
        self.configured_at: float | None = None
        self.connected_at: float | None = None
        self.has_expected_at: float | None = None
        self.streams = 0
        self.failure = ""
        self._address = address
        self._tls = member.tls
        self._expected: Expected | None = None
        self._call: Any = None

    def expect(self, expected: Expected) -> None:
        """From now on look for these versions; `has_expected_at` tells when they were there."""
        self._expected = expected
        self.has_expected_at = None

    def drop(self) -> None:
        """End the connection and open another one at once; `connected_at` tells when it was asked all."""
        self.connected_at = None
        if self._call is not None:
            self._call.cancel()

    async def run(self, on_progress: Callable[[], None], on_acknowledged: Acknowledged) -> None:
        """Stay connected for ever; `on_progress` is called when a time above was taken."""
        delays = backoff(0.1, at_most=1.0, jitter=0.5)
        task = asyncio.current_task()
        # gRPC may report cancelling as an error of a call that was ending anyway.
        while task is None or not task.cancelling():
            async with self._channel() as channel:
                self._call = channel.stream_stream(METHOD)()
                try:
                    await self._talk(self._call, on_progress, on_acknowledged)
                except grpc.aio.AioRpcError as error:
                    self.failure = f"{error.code().name}: {error.details()}"
                except asyncio.CancelledError:
                    if task is None or task.cancelling():
                        raise
                    delays = backoff(0.1, at_most=1.0, jitter=0.5)
                    continue
            await asyncio.sleep(next(delays))

    async def _talk(self, call: Any, on_progress: Callable[[], None], on_acknowledged: Acknowledged) -> None:
        for request in self.state.connect():
            await call.write(request)
        self.streams += 1
        self.connected_at = time.monotonic()
        on_progress()
        async for data in call:
            reading, replies = self.state.receive(data)
            for request in replies:
                await call.write(request)
            on_acknowledged(self, reading)
            if self._take_times():
                on_progress()

    def _take_times(self) -> bool:
        took = False
        if self.configured_at is None and self.state.is_configured:
            self.configured_at = time.monotonic()
            took = True
        if self._expected is not None and self._has(self._expected):
            self.has_expected_at, self._expected = time.monotonic(), None
            took = True
        return took

    def _has(self, expected: Expected) -> bool:
        version_of = self.state.version_of
        return all(version_of(type_url, name) == version for (type_url, name), version in expected.items())

    def _channel(self) -> grpc.aio.Channel:
        if self._tls is None:
            return grpc.aio.insecure_channel(self._address, options=_OPTIONS)
        tls = self._tls
        credentials = grpc.ssl_channel_credentials(tls.root_pem, tls.key_pem.reveal(), tls.chain_pem)
        named = [*_OPTIONS, ("grpc.ssl_target_name_override", tls.server_name)]
        return grpc.aio.secure_channel(self._address, credentials, options=named)
