"""The ADS server over real sockets: who is served, who is refused, and what a stream's end leaves behind."""

import asyncio
import contextlib

import grpc
import pytest
import structlog
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse
from tests.kit.ads import cluster, listener, resources
from tests.kit.ads_server import IDENTITY, NODE_ID, PROXY, serving
from tests.kit.certificates import Authority
from tests.kit.waiting import until

from convoy.xds.cache.resources import CLUSTER, LISTENER, ProxyResources, XdsModel
from convoy.xds.server.ads import SERVICE, AdsServer
from convoy.xds.server.budget import Budget
from convoy.xds.server.security import ListenError, MutualTls, TrustedLoopback, UnsafeAddressError

OTHER_NODE = "router~127.0.0.1~other.default~default.svc.cluster.local"


class Client:
    """One delta stream, spoken by hand."""

    def __init__(self, call, node_id):
        self.call = call
        self._node_id = node_id

    async def says(self, type_url, **fields):
        request = DeltaDiscoveryRequest(type_url=type_url, **fields)
        request.node.id, self._node_id = self._node_id, ""
        await self.call.write(request.SerializeToString())

    async def hears(self):
        data = await self.call.read()
        if data is grpc.aio.EOF:
            return None
        return DeltaDiscoveryResponse.FromString(data)

    async def rejects(self, response, message):
        request = DeltaDiscoveryRequest(type_url=response.type_url, response_nonce=response.nonce)
        request.error_detail.message = message
        await self.call.write(request.SerializeToString())

    async def end(self):
        """Wait for the server to end the stream; gives status and detail."""
        with contextlib.suppress(grpc.aio.AioRpcError):
            while await self.hears() is not None:
                pass
        return await self.call.code(), await self.call.details()


@contextlib.asynccontextmanager
async def client(port, *, node_id=NODE_ID, credentials=None):
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.ssl_target_name_override", "localhost")]
    address = f"127.0.0.1:{port}"
    if credentials is None:
        channel = grpc.aio.insecure_channel(address, options=options)
    else:
        channel = grpc.aio.secure_channel(address, credentials, options=options)
    async with channel:
        yield Client(channel.stream_stream(f"/{SERVICE}/DeltaAggregatedResources")(), node_id)


async def test_proxy_that_leaves_the_model_loses_its_stream():
    async with serving(resources([cluster("a")])) as served, client(served.port) as proxy:
        await proxy.says(CLUSTER)
        assert (await proxy.hears()).resources[0].name == "a"
        served.set_model(XdsModel(9, {}, {}))
        code, _ = await proxy.end()
        assert code is grpc.StatusCode.UNAVAILABLE
        await until(lambda: served.ads.statistics().streams == 0)


async def test_proxy_that_becomes_another_account_loses_its_stream():
    async with serving(resources()) as served, client(served.port) as proxy:
        await proxy.says(CLUSTER)
        await proxy.hears()
        served.set_model(XdsModel(9, {PROXY: resources()}, {PROXY: f"{IDENTITY}-2"}))
        code, _ = await proxy.end()
        assert code is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize(
    ("node_id", "expected"),
    [
        ("sidecar~127.0.0.1~unknown.default~d", grpc.StatusCode.UNAVAILABLE),
        ("", grpc.StatusCode.INVALID_ARGUMENT),
        ("ztunnel~127.0.0.1~app.default~d", grpc.StatusCode.INVALID_ARGUMENT),
    ],
)
async def test_node_that_is_no_known_proxy_is_refused(node_id, expected):
    async with serving(resources()) as served, client(served.port, node_id=node_id) as proxy:
        await proxy.says(CLUSTER)
        code, detail = await proxy.end()
        assert code is expected
        assert detail


async def test_refusal_is_logged_once():
    async with serving(resources()) as served:
        with structlog.testing.capture_logs() as logs:
            for _ in range(3):
                async with client(served.port, node_id=OTHER_NODE) as proxy:
                    await proxy.says(CLUSTER)
                    await proxy.end()
        assert [log["proxy"] for log in logs if log["event"] == "proxy refused"] == ["other.default"]


async def test_bytes_that_are_no_request_end_the_stream():
    async with serving(resources()) as served, client(served.port) as proxy:
        await proxy.call.write(b"\xff\xff\xff")
        code, _ = await proxy.end()
        assert code is grpc.StatusCode.INVALID_ARGUMENT


async def test_proxy_that_does_not_read_holds_nobody_up():
    def big(version):
        return resources([cluster(f"c{n}", f"{version}" * 10_000) for n in range(300)])

    async with (
        serving(resources()) as served,
        client(served.port) as slow,
        client(served.port, node_id=OTHER_NODE) as quick,
    ):
        served.serve(big(1), other=big(1))
        await slow.says(CLUSTER)
        await quick.says(CLUSTER)
        for version in range(2, 6):
            response = await quick.hears()
            assert len(response.resources) == 300
            await quick.says(CLUSTER, response_nonce=response.nonce)
            served.serve(big(version), other=big(version))
        assert served.state("CDS").state == "STALE"


def large(version):
    return resources([cluster(f"c{n}", f"{version}" * 10_000) for n in range(300)])


@contextlib.asynccontextmanager
async def client_that_never_reads(port):
    """Asks for clusters by frames of its own, with the smallest window that HTTP/2 begins with."""

    def frame(kind, flags, stream, payload):
        return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload

    def text(value):
        return bytes([len(value)]) + value.encode()

    request = DeltaDiscoveryRequest(type_url=CLUSTER)
    request.node.id = NODE_ID
    message = request.SerializeToString()
    method, scheme, path, kind = b"\x83", b"\x86", b"\x04", b"\x0f\x10"
    headers = method + scheme + path + text(f"/{SERVICE}/DeltaAggregatedResources")
    headers += b"\x01" + text("localhost")
    headers += kind + text("application/grpc") + b"\0" + text("te") + text("trailers")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(1, 4, 1, headers))
    writer.write(frame(0, 0, 1, b"\0" + len(message).to_bytes(4) + message))
    try:
        yield reader
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_large_responses_of_slow_readers_do_not_keep_others_waiting():
    budget = Budget(at_most=1 << 20, overdue_at_most=1 << 30, patience=0.05)
    async with serving(large(1), writing=budget) as served, client_that_never_reads(served.port):
        served.serve(large(1), other=large(1))
        await until(lambda: served.ads.statistics().responses == 1)
        async with client(served.port, node_id=OTHER_NODE) as quick:
            await quick.says(CLUSTER)
            assert len((await quick.hears()).resources) == 300
        assert served.state("CDS").state == "STALE"


async def test_who_does_not_read_loses_its_connection_when_too_much_is_held():
    budget = Budget(at_most=1 << 20, overdue_at_most=0, patience=0.01)
    async with (
        serving(large(1), writing=budget) as served,
        client_that_never_reads(served.port) as reader,
    ):
        await until(lambda: served.ads.statistics().responses == 1)
        await until(lambda: served.ads.statistics().streams == 0)
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(5):
                while await reader.read(1 << 16):
                    pass


async def test_fault_in_what_one_proxy_is_served_costs_its_stream_and_no_other():
    async with (
        serving(resources()) as served,
        client(served.port) as one,
        client(served.port, node_id=OTHER_NODE) as other,
    ):
        served.serve(resources(), other=resources())
        for proxy in (one, other):
            await proxy.says(CLUSTER)
            response = await proxy.hears()
            await proxy.says(CLUSTER, response_nonce=response.nonce)
        served.serve(ProxyResources(clusters=None), other=resources([cluster("a")]))
        assert (await other.hears()).resources[0].name == "a"
        code, _ = await one.end()
        assert code is grpc.StatusCode.UNKNOWN


async def test_rejection_is_logged_and_shown():
    async with serving(resources(listeners=[listener("l")])) as served, client(served.port) as proxy:
        await proxy.says(LISTENER)
        with structlog.testing.capture_logs() as logs:
            await proxy.rejects(await proxy.hears(), "l: port is taken")
            await served.wait_state("NACKED", "LDS")
        (rejected,) = served.state("LDS").rejected
        assert (rejected.name, rejected.detail) == ("l", "l: port is taken")
        (line,) = [log for log in logs if log["event"] == "config rejected"]
        assert (line["log_level"], line["proxy"], line["type"]) == ("error", PROXY, "LDS")
        assert line["detail"] == "l: port is taken"


async def test_status_names_what_was_never_asked_for():
    async with serving(resources([cluster("a")])) as served, client(served.port) as proxy:
        await proxy.says(CLUSTER)
        response = await proxy.hears()
        assert served.state("CDS").state == "STALE"
        await proxy.says(CLUSTER, response_nonce=response.nonce)
        await served.wait_state("SYNCED", "CDS")
        assert served.state("RDS").state == "NOT SENT"
        assert served.state("CDS").version == response.system_version_info


async def test_stream_ends_leave_no_task():
    before = asyncio.all_tasks()
    async with serving(resources()) as served:
        async with client(served.port) as proxy:
            await proxy.says(CLUSTER)
            await proxy.hears()
        await until(lambda: served.ads.statistics().streams == 0)
        names = {task.get_name() for task in asyncio.all_tasks() - before}
        assert not [name for name in names if name.startswith("ads-write")]
    await until(lambda: not asyncio.all_tasks() - before)


async def test_stop_ends_open_streams():
    async with serving(resources()) as served, client(served.port) as proxy:
        await proxy.says(CLUSTER)
        await proxy.hears()
        await served.ads.stop(grace=2)
        code, detail = await proxy.end()
        assert (code, detail) == (grpc.StatusCode.UNAVAILABLE, "the control plane is stopping")


async def test_plain_text_is_refused_beyond_loopback():
    from convoy.kit.latest import LatestValue

    server = AdsServer(LatestValue(), security=TrustedLoopback(), address="0.0.0.0:0")
    with pytest.raises(UnsafeAddressError):
        await server.serve()


async def test_port_that_is_taken_is_a_clear_error():
    async with serving(resources()) as served:
        with pytest.raises(ListenError, match=str(served.port)):
            async with serving(resources(), port=served.port):
                pass


class TestMutualTls:
    def credentials(self, trusted, issuer, *identities):
        issued = issuer.issue(spiffe=identities, dns=("client",))
        return grpc.ssl_channel_credentials(trusted.root_pem, issued.key_pem, issued.chain_pem)

    async def answer_to(self, port, credentials):
        async with client(port, credentials=credentials) as proxy:
            with contextlib.suppress(grpc.aio.AioRpcError):
                await proxy.says(CLUSTER)
            return await proxy.end()

    @pytest.mark.parametrize(
        "identities",
        [(), (f"{IDENTITY}-2",), (IDENTITY, "spiffe://cluster.local/ns/default/sa/two")],
        ids=["none", "another", "two"],
    )
    async def test_other_identities_are_refused(self, identities):
        root = Authority()
        bundle = root.server_bundle()
        async with serving(resources(), security=MutualTls(lambda: bundle)) as served:
            code, detail = await self.answer_to(served.port, self.credentials(root, root, *identities))
        assert code is grpc.StatusCode.PERMISSION_DENIED
        assert IDENTITY in detail

    async def test_next_connection_sees_the_rotated_certificate_and_roots(self):
        old, new = Authority("old"), Authority("new")
        bundles = [old.server_bundle()]
        with_old, with_new = self.credentials(old, old, IDENTITY), self.credentials(new, new, IDENTITY)
        async with (
            serving(resources(), security=MutualTls(lambda: bundles[-1])) as served,
            client(served.port, credentials=with_old) as first,
        ):
            await first.says(CLUSTER)
            response = await first.hears()
            bundles.append(new.server_bundle())
            async with client(served.port, credentials=with_new) as second:
                await second.says(CLUSTER)
                assert await second.hears() is not None
            code, _ = await self.answer_to(served.port, with_old)
            assert code is grpc.StatusCode.UNAVAILABLE
            await first.says(CLUSTER, response_nonce=response.nonce)
            served.serve(resources([cluster("a")]))
            assert (await first.hears()).resources[0].name == "a", "the first stream goes on"
