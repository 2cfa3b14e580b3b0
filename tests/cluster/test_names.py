"""The cluster's DNS as programs in a pod meet it: by the system's resolver, and by hand over UDP and TCP."""

import asyncio
import sys

import dns.message
import dns.rcode
import pytest
import pytest_asyncio
from tests.cluster.manifests import load_balancer, pod, service, shell

from convoy.cluster.client import World
from convoy.cluster.types import ClusterInfo

pytestmark = [pytest.mark.world, pytest.mark.asyncio(loop_scope="module")]

SLEEPER = shell("exec sleep infinity")
RESOLVE = """
import socket, sys
try:
    print(sorted({found[4][0] for found in socket.getaddrinfo(sys.argv[1], 80)}))
except socket.gaierror as error:
    print(error.errno == socket.EAI_NONAME and "no such name" or error)
"""
ASK = """
import sys, dns.message, dns.query
query = dns.message.make_query(sys.argv[1], sys.argv[2])
sys.stdout.buffer.write(getattr(dns.query, sys.argv[3])(query, sys.argv[4], timeout=5).to_wire())
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def peopled(world: World) -> None:
    """Services of every sort."""
    await world.apply(
        "east",
        [
            pod("app-1", SLEEPER, address="198.18.1.11"),
            pod("app-2", SLEEPER, address="198.18.1.12"),
            pod("client", SLEEPER, dnsConfig={"searches": ["global"]}),
            service("app", clusterIP="198.18.101.5"),
            service("direct", clusterIP="None", selector={"app": "app"}),
            service("elsewhere", type="ExternalName", externalName="app.default.svc.cluster.local", ports=[]),
        ],
    )
    await world.apply("west", [load_balancer("gateway", "198.19.0.40")])
    await asyncio.gather(world.wait_ready("east", timeout=20), world.wait_ready("west", timeout=20))


async def _resolve(world: World, name: str) -> str:
    argv = [sys.executable, "-c", RESOLVE, name]
    return (await world.exec("east", "default", "client", argv, timeout=20)).stdout.decode().strip()


async def _ask(
    world: World, server: str, name: str, kind: str = "A", *, over: str = "udp"
) -> dns.message.Message:
    argv = [sys.executable, "-c", ASK, name, kind, over, server]
    result = await world.exec("east", "default", "client", argv, timeout=20)
    assert result.rc == 0, result.stderr.decode()
    return dns.message.from_wire(result.stdout)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("app", "['198.18.101.5']"),
        ("app.default", "['198.18.101.5']"),
        ("app.default.svc.cluster.local", "['198.18.101.5']"),
        ("direct", "['198.18.1.11', '198.18.1.12']"),
        ("elsewhere", "['198.18.101.5']"),
        ("gateway.west.convoy.test", "['198.19.0.40']"),
        ("nobody", "no such name"),
        ("gateway.east.convoy.test", "no such name"),
        ("example.com", "no such name"),
    ],
)
async def test_programs_resolve_names(world: World, name: str, found: str) -> None:
    assert await _resolve(world, name) == found


@pytest.mark.parametrize("over", ["udp", "tcp"])
async def test_a_known_name_without_an_ipv6_address_is_no_error(
    world: World, east: ClusterInfo, over: str
) -> None:
    answer = await _ask(world, east.dns_address, "app.default.svc.cluster.local", "AAAA", over=over)
    assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])


async def test_an_unknown_name_does_not_exist(world: World, east: ClusterInfo) -> None:
    answer = await _ask(world, east.dns_address, "app.other.svc.cluster.local")
    assert answer.rcode() == dns.rcode.NXDOMAIN


async def test_a_deleted_service_loses_its_name(world: World) -> None:
    await world.apply("east", [service("brief", clusterIP="198.18.101.9")])
    assert await _resolve(world, "brief") == "['198.18.101.9']"
    await world.delete("east", "Service", "default", "brief")
    assert await _resolve(world, "brief") == "no such name"
