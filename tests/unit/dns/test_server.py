"""Facts about the DNS server: real sockets on loopback, a real nameserver behind it."""

import asyncio
import contextlib
import socket
import struct

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from convoy.dns.server import DnsServer
from convoy.dns.table import EMPTY_TABLE, build_name_table
from convoy.dns.upstream import Upstream, UpstreamError, UpstreamSettings, parse_nameservers, resolve_host

TABLE = build_name_table({"reviews.default.global": ["240.0.0.3"], "*.wild.global": ["240.0.0.4"]})


class Nameserver(asyncio.DatagramProtocol):
    """A cluster's DNS: knows `a.example`, and misbehaves on request."""

    def __init__(self):
        self.seen = []
        self.silent_for = 0
        self.wrong_id_first = False
        self.truncates = False

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.seen.append(("udp", data))
        if self.silent_for > 0:
            self.silent_for -= 1
            return
        reply = self.reply(data)
        if self.wrong_id_first:
            self.transport.sendto(bytes([reply[0] ^ 1]) + reply[1:], addr)
            other = dns.message.make_response(
                dns.message.make_query("b.example.", "A", id=int.from_bytes(data[:2]))
            )
            self.transport.sendto(other.to_wire(), addr)
        if self.truncates:
            query = dns.message.from_wire(data)
            short = dns.message.make_response(query)
            short.flags |= dns.flags.TC
            reply = short.to_wire()
        self.transport.sendto(reply, addr)

    def reply(self, data):
        query = dns.message.from_wire(data)
        reply = dns.message.make_response(query)
        if query.question[0].name.to_text() in {"a.example.", "istiod.istio-system.svc.cluster.local."}:
            if query.question[0].rdtype == 1:
                reply.answer.append(dns.rrset.from_text(query.question[0].name, 5, "IN", "A", "192.0.2.5"))
        else:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply.to_wire()

    async def serve_tcp(self, reader, writer):
        with contextlib.closing(writer):
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            data = await reader.readexactly(length)
            self.seen.append(("tcp", data))
            reply = self.reply(data)
            writer.write(struct.pack("!H", len(reply)) + reply)
            await writer.drain()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
async def nameserver():
    loop = asyncio.get_running_loop()
    server = Nameserver()
    server.port = free_port()
    transport, _ = await loop.create_datagram_endpoint(lambda: server, local_addr=("127.0.0.1", server.port))
    async with await asyncio.start_server(server.serve_tcp, "127.0.0.1", server.port):
        yield server
    transport.close()


def upstream_of(nameserver, **changed):
    options = {"nameservers": ("127.0.0.1",), "port": nameserver.port, "timeout": 0.3} | changed
    return Upstream(UpstreamSettings(**options))


@contextlib.asynccontextmanager
async def running(server):
    port, started = free_port(), asyncio.Event()
    task = asyncio.create_task(server.serve("127.0.0.1", port, started=started.set))
    await started.wait()
    try:
        yield port
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert len(asyncio.all_tasks()) == 1


class Asker(asyncio.DatagramProtocol):
    def __init__(self):
        self.replies = asyncio.Queue()

    def datagram_received(self, data, addr):
        self.replies.put_nowait(data)


async def ask_udp(port, wire):
    loop = asyncio.get_running_loop()
    transport, asker = await loop.create_datagram_endpoint(Asker, remote_addr=("127.0.0.1", port))
    with contextlib.closing(transport):
        transport.sendto(wire)
        return dns.message.from_wire(await asyncio.wait_for(asker.replies.get(), 10))


async def ask_tcp(port, *wires):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    replies = []
    for wire in wires:
        writer.write(struct.pack("!H", len(wire)) + wire)
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        replies.append(dns.message.from_wire(await reader.readexactly(length)))
    writer.close()
    await writer.wait_closed()
    return replies


def query(name, rdtype="A", **options):
    return dns.message.make_query(name, rdtype, **options)


def addresses(reply):
    return [item.to_text() for rrset in reply.answer for item in rrset]


async def test_known_name_is_answered_without_asking_the_cluster(nameserver):
    async with running(DnsServer(upstream_of(nameserver), lambda: TABLE)) as port:
        reply = await ask_udp(port, query("reviews.default.global.").to_wire())
    assert (addresses(reply), nameserver.seen) == (["240.0.0.3"], [])


async def test_unknown_name_is_passed_on_under_another_id(nameserver):
    asked = query("a.example.")
    async with running(DnsServer(upstream_of(nameserver), lambda: TABLE)) as port:
        replies = [await ask_udp(port, asked.to_wire()) for _ in range(3)]
    assert [(addresses(r), r.id) for r in replies] == [(["192.0.2.5"], asked.id)] * 3
    assert {packet[:2] for _, packet in nameserver.seen} != {asked.to_wire()[:2]}


async def test_empty_table_makes_a_plain_forwarder(nameserver):
    async with running(DnsServer(upstream_of(nameserver), lambda: EMPTY_TABLE)) as port:
        reply = await ask_udp(port, query("reviews.default.global.").to_wire())
    assert reply.rcode() == dns.rcode.NXDOMAIN


async def test_tcp_serves_several_questions_on_one_connection(nameserver):
    async with running(DnsServer(upstream_of(nameserver), lambda: TABLE)) as port:
        one, two = await ask_tcp(port, query("x.wild.global.").to_wire(), query("a.example.").to_wire())
    assert (addresses(one), addresses(two)) == (["240.0.0.4"], ["192.0.2.5"])
    assert [how for how, _ in nameserver.seen] == ["tcp"]


async def test_truncated_reply_is_asked_again_over_tcp(nameserver):
    nameserver.truncates = True
    async with running(DnsServer(upstream_of(nameserver), lambda: TABLE)) as port:
        reply = await ask_udp(port, query("a.example.").to_wire())
    assert addresses(reply) == ["192.0.2.5"]
    assert [how for how, _ in nameserver.seen] == ["udp", "tcp"]


async def test_lost_packet_is_sent_again(nameserver):
    nameserver.silent_for = 1
    async with running(DnsServer(upstream_of(nameserver), lambda: TABLE)) as port:
        reply = await ask_udp(port, query("a.example.").to_wire())
    assert addresses(reply) == ["192.0.2.5"]


async def test_silent_cluster_dns_is_a_server_failure(nameserver):
    nameserver.silent_for = 10
    server = DnsServer(upstream_of(nameserver), lambda: TABLE)
    async with running(server) as port:
        reply = await ask_udp(port, query("a.example.").to_wire())
    assert (reply.rcode(), server.statistics().failed) == (dns.rcode.SERVFAIL, 1)


async def test_next_nameserver_is_asked_when_one_is_down(nameserver):
    upstream = upstream_of(nameserver, nameservers=("127.0.0.77", "127.0.0.1"), tries=1)
    reply = dns.message.from_wire(await upstream.ask(query("a.example.").to_wire()))
    assert addresses(reply) == ["192.0.2.5"]


async def test_replies_with_wrong_id_or_question_are_ignored(nameserver):
    nameserver.wrong_id_first = True
    async with running(DnsServer(upstream_of(nameserver), lambda: TABLE)) as port:
        reply = await ask_udp(port, query("a.example.").to_wire())
    assert addresses(reply) == ["192.0.2.5"]


async def test_questions_above_the_bound_fail_at_once(nameserver):
    nameserver.silent_for = 10
    upstream = upstream_of(nameserver, at_most=1)
    first = asyncio.create_task(upstream.ask(query("a.example.").to_wire()))
    await asyncio.sleep(0)
    with pytest.raises(UpstreamError, match="wait already"):
        await upstream.ask(query("a.example.").to_wire())
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)


async def test_malformed_packet_harms_nobody(nameserver):
    async with running(DnsServer(upstream_of(nameserver), lambda: TABLE)) as port:
        broken = await ask_udp(port, query("a.example.").to_wire()[:15])
        after = await ask_udp(port, query("reviews.default.global.").to_wire())
    assert (broken.rcode(), addresses(after)) == (dns.rcode.FORMERR, ["240.0.0.3"])


async def test_newer_table_is_used_at_once(nameserver):
    tables = [EMPTY_TABLE]
    async with running(DnsServer(upstream_of(nameserver), lambda: tables[-1])) as port:
        before = await ask_udp(port, query("reviews.default.global.").to_wire())
        tables.append(TABLE)
        after = await ask_udp(port, query("reviews.default.global.").to_wire())
    assert (before.rcode(), addresses(after)) == (dns.rcode.NXDOMAIN, ["240.0.0.3"])


async def test_host_is_resolved_through_the_cluster(nameserver):
    found = await resolve_host(upstream_of(nameserver), "istiod.istio-system.svc.cluster.local")
    assert found == ("192.0.2.5",)
    with pytest.raises(UpstreamError, match="no address"):
        await resolve_host(upstream_of(nameserver), "nowhere.example")


def test_nameservers_are_read_from_resolv_conf():
    text = (
        "# comment\nsearch a b\nnameserver 198.18.1.1\nnameserver\nnameserver 2001:db8::1\noptions ndots:5\n"
    )
    assert parse_nameservers(text) == ("198.18.1.1", "2001:db8::1")
