"""Facts about TLS contexts made from memory, over real handshakes."""

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncIterator

import pytest
from tests.kit.certificates import Authority

from convoy.kit.tls import load_key_pair, unverified_client_context


@contextlib.asynccontextmanager
async def listening(context: ssl.SSLContext) -> AsyncIterator[int]:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(close, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def certificate_seen(port: int, context: ssl.SSLContext) -> bytes:
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
    certificate: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    return certificate


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.root_pem.decode())


def pem_to_der(pem: bytes) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pem.decode())


async def test_a_key_pair_in_memory_serves_and_is_verified():
    authority = Authority()
    issued = authority.issue(dns=("localhost",))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load_key_pair(context, issued.key_pem, issued.chain_pem)
    async with listening(context) as port:
        assert await certificate_seen(port, trusting(authority)) == pem_to_der(issued.chain_pem)
        with pytest.raises(ssl.SSLCertVerificationError):
            await certificate_seen(port, trusting(Authority("foreign")))
        assert await certificate_seen(port, unverified_client_context()) == pem_to_der(issued.chain_pem)


async def test_a_pair_loaded_later_is_used_by_later_handshakes():
    authority = Authority()
    first, second = (authority.issue(dns=("localhost",)) for _ in range(2))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load_key_pair(context, first.key_pem, first.chain_pem)
    async with listening(context) as port:
        before = await certificate_seen(port, trusting(authority))
        load_key_pair(context, second.key_pem, second.chain_pem)
        after = await certificate_seen(port, trusting(authority))
    assert (before, after) == (pem_to_der(first.chain_pem), pem_to_der(second.chain_pem))


def test_a_key_that_is_not_the_certificates_is_refused_and_leaves_nothing_open():
    authority = Authority()
    first, second = (authority.issue(dns=("localhost",)) for _ in range(2))
    before = os.listdir("/proc/self/fd")
    with pytest.raises(ssl.SSLError):
        load_key_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), first.key_pem, second.chain_pem)
    assert os.listdir("/proc/self/fd") == before
