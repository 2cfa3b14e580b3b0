"""What a server's sidecar lets in: real connections to a real `virtualInbound`, whose clients need no proxy.

Every combination of protocol and mode has a port of its own on one pod, with a real application behind it.
"""

from collections.abc import AsyncIterator, Mapping
from itertools import product
from typing import Any

import pytest
import pytest_asyncio
from tests.kit import parts
from tests.kit.loopback_net import POD
from tests.kit.mesh_on_loopback import LoopbackMesh, client_tls, mesh_on_loopback
from tests.kit.workload_credentials import new_issuer

from convoy.api.istio.peer_authentication import MtlsMode
from convoy.mesh.model import Protocol

pytestmark = [pytest.mark.envoy, pytest.mark.asyncio(loop_scope="module")]

CALLER = "spiffe://cluster.local/ns/default/sa/caller"
STRICT, PERMISSIVE, DISABLE = MtlsMode.STRICT, MtlsMode.PERMISSIVE, MtlsMode.DISABLE
HTTP_ALPN = ["istio-http/1.1", "istio"]

PORTS = {
    (protocol, mode): number
    for number, (protocol, mode) in enumerate(
        product((Protocol.HTTP, Protocol.TCP, Protocol.AUTO), (STRICT, PERMISSIVE, DISABLE)), 8001
    )
}
UNDECLARED, ONLY_IN_POLICY = 8098, 8099
FORGED = {"x-forwarded-client-cert": "URI=spiffe://cluster.local/ns/kube-system/sa/admin"}

Clients = Mapping[str, Mapping[str, Any] | None]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LoopbackMesh]:
    async with mesh_on_loopback(tmp_path_factory.mktemp("inbound")) as mesh:
        mesh.identify("server", parts.REVIEWS)
        inbound = parts.inbound(
            *((port, protocol, mode) for (protocol, mode), port in PORTS.items()),
            default_mode=STRICT,
            port_modes=((ONLY_IN_POLICY, PERMISSIVE),),
            mark=1337,
        )
        mesh.serve(
            "server",
            parts.snapshot(parts.workload("server", inbound=inbound), sidecars=[parts.sidecar_view()]),
        )
        for port in (*PORTS.values(), UNDECLARED, ONLY_IN_POLICY):
            # An application of HTTP also behind TCP ports: what counts is whether anything reaches it.
            await mesh.net.call("serve_http", address=POD, port=port, name="app")
        await mesh.start_envoy("server")
        yield mesh


@pytest.fixture(scope="module")
def clients(mesh: LoopbackMesh) -> Clients:
    caller = mesh.identify("caller", CALLER)
    foreign = mesh.identify("foreign", CALLER, new_issuer("elsewhere"))
    stranger = mesh.identify("stranger", "spiffe://other.example/ns/default/sa/caller")
    return {
        "plain": None,
        "mesh http": client_tls(caller, alpn=HTTP_ALPN),
        "mesh bytes": client_tls(caller, alpn=["istio"]),
        "foreign root": client_tls(foreign, alpn=HTTP_ALPN),
        "foreign domain": client_tls(stranger, alpn=HTTP_ALPN),
        "no certificate": client_tls(None, alpn=HTTP_ALPN),
    }


@pytest.mark.parametrize("protocol", [Protocol.HTTP, Protocol.TCP, Protocol.AUTO])
@pytest.mark.parametrize(
    ("mode", "client", "is_served"),
    [
        (STRICT, "plain", False),
        (STRICT, "mesh http", True),
        (STRICT, "mesh bytes", True),
        (PERMISSIVE, "plain", True),
        (PERMISSIVE, "mesh http", True),
        (PERMISSIVE, "mesh bytes", True),
        (DISABLE, "plain", True),
        (DISABLE, "mesh http", False),
    ],
)
async def test_mode_decides_which_connections_are_served(
    mesh: LoopbackMesh, clients: Clients, protocol: Protocol, mode: MtlsMode, client: str, is_served: bool
) -> None:
    answer = await mesh.net.get(POD, PORTS[protocol, mode], tls=clients[client])
    assert (answer.get("status") == 200) is is_served, answer


@pytest.mark.parametrize("client", ["foreign root", "foreign domain", "no certificate"])
@pytest.mark.parametrize(("protocol", "mode"), [pair for pair in PORTS if pair[1] is not DISABLE])
async def test_tls_without_an_identity_of_the_mesh_is_refused(
    mesh: LoopbackMesh, clients: Clients, protocol: Protocol, mode: MtlsMode, client: str
) -> None:
    answer = await mesh.net.get(POD, PORTS[protocol, mode], tls=clients[client])
    assert "error" in answer


@pytest.mark.parametrize("protocol", [Protocol.HTTP, Protocol.AUTO])
async def test_the_application_reads_who_called(
    mesh: LoopbackMesh, clients: Clients, protocol: Protocol
) -> None:
    answer = await mesh.net.get(
        POD, PORTS[protocol, STRICT], tls=clients["mesh http"], headers={**FORGED, "host": "reviews"}
    )
    said = answer["body"]["headers"]["x-forwarded-client-cert"]
    assert f"URI={CALLER}" in said
    assert "admin" not in said


@pytest.mark.parametrize("protocol", [Protocol.HTTP, Protocol.AUTO])
async def test_forged_client_certificate_does_not_pass_in_plain_text(
    mesh: LoopbackMesh, protocol: Protocol
) -> None:
    answer = await mesh.net.get(POD, PORTS[protocol, PERMISSIVE], headers=FORGED)
    assert answer["status"] == 200
    assert "x-forwarded-client-cert" not in answer["body"]["headers"]


async def test_the_application_is_called_from_the_address_that_capture_lets_pass(mesh: LoopbackMesh) -> None:
    answer = await mesh.net.get(POD, PORTS[Protocol.HTTP, PERMISSIVE])
    assert answer["body"]["peer"] == "127.0.0.6"


@pytest.mark.parametrize(
    ("port", "client", "is_served"),
    [
        (UNDECLARED, "plain", False),
        (UNDECLARED, "mesh http", True),
        (ONLY_IN_POLICY, "plain", True),
        (ONLY_IN_POLICY, "mesh http", True),
        (ONLY_IN_POLICY, "foreign root", False),
    ],
)
async def test_ports_without_a_service_obey_their_policy(
    mesh: LoopbackMesh, clients: Clients, port: int, client: str, is_served: bool
) -> None:
    answer = await mesh.net.get(POD, port, tls=clients[client])
    assert (answer.get("status") == 200) is is_served, answer


@pytest.mark.parametrize("client", ["plain", "mesh http"])
async def test_the_capture_port_itself_serves_nothing(
    mesh: LoopbackMesh, clients: Clients, client: str
) -> None:
    answer = await mesh.net.get(POD, 15006, tls=clients[client])
    assert "error" in answer
