"""The ADS server: delta and state of the world over grpc.aio, for every proxy of one model.

Takes models from a `LatestValue`; gives each proxy what is its own, over a stream it must have proved to own.
Nothing is sent before the first whole model, because an empty answer would mean "delete everything". The
methods are registered without serializers: what goes out are bytes that exist already.
"""

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from convoy.kit.clock import SYSTEM_CLOCK, Clock
from convoy.kit.latest import LatestValue
from convoy.kit.logs import get_logger
from convoy.xds.cache.resources import XdsModel
from convoy.xds.server.budget import Budget
from convoy.xds.server.dialog import Dialog
from convoy.xds.server.requests import Parser, Protocol, Request, parse_delta, parse_sotw
from convoy.xds.server.security import AdsError, NodeIdError, Security, parse_node_id
from convoy.xds.server.sharing import Sharing
from convoy.xds.server.status import AdsStatistics, ProxyStatus
from convoy.xds.server.stream import Counters, Stream, StreamInfo
from convoy.xds.server.tidying import Tidying

log = get_logger("xds.server")

SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"

# `initial_resource_versions` of a large mesh exceed gRPC's default of 4 MiB.
_MAX_REQUEST_BYTES = 64 << 20
_OPTIONS = (
    ("grpc.max_receive_message_length", _MAX_REQUEST_BYTES),
    ("grpc.max_send_message_length", -1),
    # A proxy that vanished without a word is noticed; Envoy's own pings are never counted against it.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.so_reuseport", 0),
    # What waits unread of a stream that has not had its turn.
    ("grpc.http2.lookahead_bytes", 16 << 10),
    # Probing for bandwidth answers each request with a ping; requests are small, or come once.
    ("grpc.http2.bdp_probe", 0),
)
# A client that comes back sends up to a megabyte at once about what it has. A few at a time are heard.
_OPENING_AT_ONCE = 48
_OPENING_SECONDS = 0.05
_STREAMS_PER_TURN = 64
_REFUSALS_REMEMBERED = 10_000


class AdsServer:
    """Serves ADS on one address."""

    def __init__(
        self,
        models: LatestValue[XdsModel],
        *,
        security: Security,
        address: str,
        clock: Clock = SYSTEM_CLOCK,
        writing: Budget | None = None,
    ) -> None:
        """`writing` bounds what large responses are on their way at once; there is one that suits most."""
        self._models = models
        self._security = security
        self._address = address
        self._clock = clock
        self._sharing = Sharing()
        self._counters = Counters()
        self._writing = writing or Budget(at_most=16 << 20, overdue_at_most=64 << 20, free=64 << 10)
        self._opening = Budget(at_most=_OPENING_AT_ONCE, overdue_at_most=sys.maxsize, patience=0.2)
        self._streams: set[Stream] = set()
        self._tidying = Tidying()
        self._model_number = 0
        self._refusals: dict[str, str] = {}
        self._server: grpc.aio.Server | None = None
        self._port: asyncio.Future[int] | None = None

    async def serve(self) -> None:
        """Listen, then hand every new model to the streams, until cancelled. Raises `AdsError`."""
        await self.start()
        try:
            async for model in self._models.watch():
                await self._distribute(model)
        finally:
            await self.stop(grace=0.2)

    async def start(self) -> int:
        """Listen; gives the port. `serve` calls this. Raises `AdsError`."""
        self._server = grpc.aio.server(options=_OPTIONS)
        self._server.add_generic_rpc_handlers((self._handlers(),))
        port = self._security.listen(self._server, self._address)
        await self._server.start()
        self._port_known().set_result(port)
        log.info("ads listening", address=self._address, port=port)
        return port

    async def wait_listening(self) -> int:
        """Wait until the server listens; gives its port."""
        return await asyncio.shield(self._port_known())

    async def stop(self, grace: float) -> None:
        """End all streams, then the server; streams get `grace` seconds to end in good order."""
        if self._server is None:
            return
        server, self._server = self._server, None
        for stream in tuple(self._streams):
            stream.end("the control plane is stopping")
        await server.stop(grace)
        self._tidying.stop()

    def proxy_status(self) -> list[ProxyStatus]:
        """The connected proxies by name; of several streams of one proxy the newest."""
        newest: dict[str, Stream] = {}
        for stream in sorted(self._streams, key=lambda s: s.info.since):
            newest[stream.info.proxy] = stream
        return [newest[proxy].status() for proxy in sorted(newest)]

    def statistics(self) -> AdsStatistics:
        """The counters now."""
        return AdsStatistics(
            model_number=self._model_number,
            streams=len(self._streams),
            bodies_joined=self._sharing.bodies_joined,
            **vars(self._counters),
        )

    def _port_known(self) -> asyncio.Future[int]:
        if self._port is None:
            self._port = asyncio.get_running_loop().create_future()
        return self._port

    def _handlers(self) -> Any:
        delta_parser, sotw_parser = Parser(parse_delta), Parser(parse_sotw)

        async def delta(_requests: Any, context: Any) -> None:
            await self._serve_stream(Protocol.DELTA, delta_parser, context)

        async def sotw(_requests: Any, context: Any) -> None:
            await self._serve_stream(Protocol.SOTW, sotw_parser, context)

        methods = {
            "DeltaAggregatedResources": grpc.stream_stream_rpc_method_handler(delta),
            "StreamAggregatedResources": grpc.stream_stream_rpc_method_handler(sotw),
        }
        return grpc.method_handlers_generic_handler(SERVICE, methods)

    async def _distribute(self, model: XdsModel) -> None:
        self._sharing.start_generation()
        for turn, stream in enumerate(tuple(self._streams)):
            stream.offer(model)
            if turn % _STREAMS_PER_TURN == _STREAMS_PER_TURN - 1:
                await asyncio.sleep(0)
        self._model_number = model.number

    async def _serve_stream(
        self, protocol: Protocol, parse: Callable[[bytes], Request], context: Any
    ) -> None:
        reason = None
        try:
            stream = await self._open(protocol, parse, context)
            if stream is not None:
                try:
                    reason = await stream.run(parse)
                finally:
                    self._streams.discard(stream)
                    self._tidying.note_stream()
        except DecodeError as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"not a discovery request: {error}")
        except _RefusedError as refused:
            self._report_refusal(refused, context)
            await context.abort(refused.code, refused.detail)
        else:
            if reason is not None:
                await context.abort(grpc.StatusCode.UNAVAILABLE, reason)

    async def _open(
        self, protocol: Protocol, parse: Callable[[bytes], Request], context: Any
    ) -> Stream | None:
        """The stream that begins with a client's first request; None when the client says nothing."""
        await self._models.wait_newer(0)
        turn = await self._opening.take(1, _do_nothing)
        try:
            data = await context.read()
            if data is grpc.aio.EOF:
                return None
            first = parse(data)
            stream = self._admit(first, protocol, context)
            stream.take_in(first)
            self._streams.add(stream)
            self._tidying.note_stream()
            return stream
        finally:
            # A client names its types one after the other; the turn is for all of them.
            asyncio.get_running_loop().call_later(_OPENING_SECONDS, turn.release)

    def _admit(self, first: Request, protocol: Protocol, context: Any) -> Stream:
        """The stream of a client that is who it says it is; raises `_RefusedError` for others."""
        try:
            proxy = parse_node_id(first.node_id).key
        except NodeIdError as error:
            raise _RefusedError(first.node_id, grpc.StatusCode.INVALID_ARGUMENT, str(error)) from error
        model = self._models.get_nowait()
        resources, identity = model.proxies.get(proxy), model.identities.get(proxy)
        if resources is None or identity is None:
            # Envoy tries again, and by then the pod may have become known.
            detail = f"no proxy {proxy} is known in this cluster"
            raise _RefusedError(proxy, grpc.StatusCode.UNAVAILABLE, detail)
        refusal = self._security.refusal(identity, context)
        if refusal is not None:
            detail = f"proxy {proxy} is refused: {refusal}"
            raise _RefusedError(proxy, grpc.StatusCode.PERMISSION_DENIED, detail)
        self._counters.streams_opened += 1
        self._refusals.pop(proxy, None)
        info = StreamInfo(
            proxy=proxy,
            identity=identity,
            peer=context.peer(),
            user_agent=first.user_agent,
            protocol=protocol.value,
            since=self._clock.now(),
        )
        dialog = Dialog(protocol, resources, self._sharing)
        return Stream(info, dialog, context, counters=self._counters, budget=self._writing)

    def _report_refusal(self, refused: "_RefusedError", context: Any) -> None:
        self._counters.streams_refused += 1
        if self._refusals.get(refused.who) == refused.detail:
            return  # Envoy comes back every few seconds; once said is enough.
        if len(self._refusals) >= _REFUSALS_REMEMBERED:
            self._refusals.clear()
        self._refusals[refused.who] = refused.detail
        log.warning(
            "proxy refused",
            proxy=refused.who,
            code=refused.code.name,
            reason=refused.detail,
            peer=context.peer(),
        )


def _do_nothing() -> None:
    pass


class _RefusedError(AdsError):
    """A client may not be served."""

    def __init__(self, who: str, code: grpc.StatusCode, detail: str) -> None:
        super().__init__(detail)
        self.who = who
        self.code = code
        self.detail = detail
