"""Facts about the control plane's own certificate, with a clock that tests move and the real CA behind."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from tests.kit.clocks import FakeClock
from tests.kit.waiting import until
from tests.unit.controlplane.conftest import TRUST_DOMAIN, Authority

from convoy.ca.content import BACK_DATED
from convoy.ca.errors import IssuerError
from convoy.ca.issuers import Intermediate, issue_intermediate, new_root
from convoy.ca.rotation import LONGEST_STEP
from convoy.controlplane.server_identity import ServerIdentity
from convoy.xds.server.security import CertificateBundle

HOUR = timedelta(hours=1)


def leaf(bundle: CertificateBundle) -> x509.Certificate:
    return x509.load_pem_x509_certificates(bundle.chain_pem)[0]


def identity_at(clock: FakeClock, *, ttl: timedelta = 2 * HOUR, fails: int = 0) -> ServerIdentity:
    """An identity whose issuer fails some times after the first certificate."""
    issuer = issue_intermediate(new_root(clock), "cluster1", clock=clock)
    answers: list[Intermediate | None] = [issuer, *[None] * fails]

    def current() -> Intermediate:
        answer = answers.pop(0) if answers else issuer
        if answer is None:
            raise IssuerError("The CA has expired.")
        return answer

    return ServerIdentity(current, TRUST_DOMAIN, ttl=ttl, clock=clock)


@contextlib.asynccontextmanager
async def renewing(identity: ServerIdentity) -> AsyncIterator[None]:
    task = asyncio.create_task(identity.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def renewed(identity: ServerIdentity) -> CertificateBundle:
    """The next bundle that differs from the one of now."""
    before = identity.bundle()
    async with renewing(identity):
        await until(lambda: identity.bundle() != before, every=0)
    return identity.bundle()


def test_the_server_proves_istiods_account_and_names() -> None:
    names = leaf(identity_at(FakeClock()).bundle()).extensions
    found = names.get_extension_for_class(x509.SubjectAlternativeName).value
    assert sorted(str(name.value) for name in found) == [
        "istiod.istio-system.svc",
        "istiod.istio-system.svc.cluster.local",
        "spiffe://cluster.local/ns/istio-system/sa/istiod",
    ]


async def test_the_certificate_is_renewed_at_about_half_of_its_life() -> None:
    clock = FakeClock()
    start = clock.at
    identity = identity_at(clock, ttl=2 * HOUR)
    first = leaf(identity.bundle())
    second = leaf(await renewed(identity))
    assert second.serial_number != first.serial_number
    assert 0.9 * HOUR <= clock.at - start <= 1.1 * HOUR + timedelta(seconds=10)
    assert second.not_valid_after_utc > first.not_valid_after_utc


async def test_after_a_suspend_the_expired_certificate_is_renewed_at_once() -> None:
    clock = FakeClock()
    identity = identity_at(clock)
    awake = clock.at + LONGEST_STEP + timedelta(days=3)
    clock.jumps = [timedelta(days=3)]
    certificate = leaf(await renewed(identity))
    assert certificate.not_valid_before_utc == awake - BACK_DATED


async def test_while_the_ca_cannot_sign_the_old_one_stays_and_renewal_is_tried_again() -> None:
    clock = FakeClock()
    identity = identity_at(clock, fails=3)
    clock.at += timedelta(hours=1, minutes=30)
    start = clock.at
    certificate = leaf(await renewed(identity))
    assert clock.slept[:3] == [5.0] * 3
    assert certificate.not_valid_before_utc == start + timedelta(seconds=15) - BACK_DATED


async def test_a_new_intermediate_is_used_within_one_short_step(authority: Authority) -> None:
    clock = FakeClock(datetime.now(UTC))
    start = clock.at
    own = Authority()
    identity = ServerIdentity(own.issuer, TRUST_DOMAIN, ttl=2 * HOUR, clock=clock)
    own.intermediate = authority.intermediate
    bundle = await renewed(identity)
    assert bundle.root_pem == b"".join(authority.intermediate.roots_pem)
    leaf(bundle).verify_directly_issued_by(authority.intermediate.certificate)
    assert clock.at - start <= 2 * LONGEST_STEP


async def test_later_handshakes_get_the_new_certificate_and_open_connections_stay(
    authority: Authority,
) -> None:
    clock = FakeClock(datetime.now(UTC) - 1.2 * HOUR)
    identity = ServerIdentity(authority.issuer, TRUST_DOMAIN, ttl=2 * HOUR, clock=clock)
    async with echoing(identity.tls_context) as port:
        async with connected(port, authority) as (reader, writer):
            before = serial(writer)
            await renewed(identity)
            writer.write(b"still here\n")
            assert await reader.readline() == b"still here\n"
        async with connected(port, authority) as (_, writer):
            assert serial(writer) != before
            assert serial(writer) == leaf(identity.bundle()).serial_number


def serial(writer: asyncio.StreamWriter) -> int:
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(der).serial_number


@contextlib.asynccontextmanager
async def echoing(context: ssl.SSLContext) -> AsyncIterator[int]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


@contextlib.asynccontextmanager
async def connected(
    port: int, authority: Authority
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=authority.roots(), server_hostname="istiod.istio-system.svc"
    )
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_server_of_another_mesh_is_not_believed(authority: Authority) -> None:
    foreign = ServerIdentity(Authority().issuer, TRUST_DOMAIN, ttl=2 * HOUR)
    async with echoing(foreign.tls_context) as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            async with connected(port, authority):
                pass
