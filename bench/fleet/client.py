"""An EnvoyLike on a real connection, which it opens anew when it breaks."""

import asyncio
import time
from collections.abc import Callable, Mapping

import msgspec

from bench.fleet.connection import Connection, Contexts, dial
from bench.fleet.decoding import Reading
from bench.fleet.envoy_like import EnvoyLike, Shared
from bench.fleet.http2 import GrpcCall
from bench.fleet.identity import ClientTls
from convoy.kit.backoff import backoff

METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"

_PATIENCE = 30.0
"""As long as a proxy waits for a connection at the most."""

Expected = Mapping[tuple[str, str], str]
"""Versions by (type, name)."""
Acknowledged = Callable[["FleetClient", Reading], None]


class Member(msgspec.Struct, frozen=True):
    """Who a client of the fleet is; without `tls` it speaks plain text."""

    node_id: str
    tls: ClientTls | None = None


class FleetClient:
    """One client of the fleet and when what happened to it."""

    def __init__(self, member: Member, address: str, shared: Shared, contexts: Contexts) -> None:
        self.state = EnvoyLike(member.node_id, shared)
        self.configured_at: float | None = None
        self.connected_at: float | None = None
        self.has_expected_at: float | None = None
        self.streams = 0
        self.failure = ""
        self._address = address
        self._contexts = contexts
        self._tls = member.tls
        self._expected: Expected | None = None
        self._connection: Connection | None = None

    def expect(self, expected: Expected) -> None:
        """From now on look for these versions; `has_expected_at` tells when they were there."""
        self._expected = expected
        self.has_expected_at = None

    def drop(self) -> None:
        """End the connection and open another one at once; `connected_at` tells when it was asked all."""
        self.connected_at = None
        if self._connection is not None:
            self._connection.close()

    async def run(self, on_progress: Callable[[], None], on_acknowledged: Acknowledged) -> None:
        """Stay connected for ever; `on_progress` is called when a time above was taken."""
        delays, task = backoff(0.1, at_most=1.0, jitter=0.5), asyncio.current_task()
        while True:
            try:
                reason = await self._talk(on_progress, on_acknowledged)
            except OSError as error:
                reason = str(error) or type(error).__name__
            except asyncio.CancelledError:
                if task is None or task.cancelling():
                    raise
                reason = "the connection was given up"
            if reason:
                self.failure = reason
                await asyncio.sleep(next(delays))

    async def _talk(self, on_progress: Callable[[], None], on_acknowledged: Acknowledged) -> str:
        """Be connected once; gives why that ended, empty when it was wished."""

        def on_message(data: bytearray) -> None:
            reading, replies = self.state.receive(data)
            connection.send(*replies)
            on_acknowledged(self, reading)
            if self._take_times():
                on_progress()

        tls = self._tls
        authority = tls.server_name if tls else self._address
        async with asyncio.timeout(_PATIENCE):
            sock = await dial(self._address, self._contexts.of(tls) if tls else None, authority)
        call = GrpcCall(METHOD, authority=authority, is_secure=tls is not None)
        connection = self._connection = Connection(sock, call, on_message)
        try:
            connection.send(*self.state.connect())
            self.streams += 1
            self.connected_at = time.monotonic()
            on_progress()
            return await connection.ended
        finally:
            connection.close()

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
