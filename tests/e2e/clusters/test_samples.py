"""The samples do what they say: applied to a cluster of two zones one by one, real requests follow them."""

import asyncio
import base64
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from tests.e2e.clusters.mesh import Json, MeshCluster, running_clusters
from tests.kit.certificates import Authority
from tests.kit.waiting import until
from tests.traffic.shares import assert_shares

from convoy.cli.install.gateways import GATEWAY
from convoy.cli.install.settings import SYSTEM_NAMESPACE
from convoy.cli.pods.asking import Asker, PodReply, PodRequest
from convoy.config.errors import KubeError
from convoy.config.kube.resources import KubeResource

pytestmark = [
    pytest.mark.world,
    pytest.mark.envoy,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
]

SAMPLES = Path(__file__).parents[3] / "samples"
NETWORKING = "bookinfo/networking"
JASON = {"end-user": "jason"}
_ISTIO = "networking.istio.io"
_PLURALS = {
    "VirtualService": "virtualservices",
    "DestinationRule": "destinationrules",
    "Gateway": "gateways",
    "ServiceEntry": "serviceentries",
}
_ASKED = 200


class Shop:
    """A cluster with the bookshop and everything else, and a pod to ask from."""

    def __init__(self, cluster: MeshCluster, asker: Asker) -> None:
        self.cluster = cluster
        self._asker = asker

    @contextlib.asynccontextmanager
    async def applied(self, *files: str) -> AsyncIterator[None]:
        """Samples in force for as long as the context is open; Istio's objects only are taken back."""
        objects = [obj for file in files for obj in objects_in(file)]
        await self.cluster.apply(*objects)
        try:
            yield
        finally:
            for obj in objects:
                if obj["apiVersion"].startswith(_ISTIO):
                    resource = KubeResource(_ISTIO, "v1", _PLURALS[obj["kind"]])
                    with contextlib.suppress(KubeError):  # the object of two files is gone with the first
                        await self.cluster.client.delete(
                            resource, obj["metadata"]["name"], namespace="default"
                        )

    async def ask(
        self, host: str, port: int, path: str, *, headers: dict[str, str] | None = None, count: int = 1
    ) -> list[PodReply]:
        """Requests from a pod, by a few connections."""
        return await self._asker.ask(
            PodRequest(
                address=host,
                port=port,
                host=f"{host}:{port}",
                path=path,
                headers=headers or {},
                count=count,
                connections=4,
            )
        )

    async def versions(self, headers: dict[str, str] | None = None, *, count: int = _ASKED) -> Counter[str]:
        """Which versions of reviews answered."""
        replies = await self.ask("reviews", 9080, "/reviews/0", headers=headers, count=count)
        assert {reply.status for reply in replies} == {200}
        return Counter(reply.json()["podname"].split("-")[1] for reply in replies)

    async def wait_versions(self, wanted: set[str], headers: dict[str, str] | None = None) -> None:
        """Until only these versions answer."""

        async def holds() -> bool:
            return set(await self.versions(headers, count=12)) == wanted

        async with asyncio.timeout(20):
            await until(holds, every=0.05)

    async def run(self, *argv: str) -> str:
        """What a program in the asking pod prints."""
        ran = await self.cluster.execute(self._asker.pod, *argv, container=self._asker.container)
        return ran.stdout.decode()


def objects_in(file: str) -> list[Json]:
    """The objects of a sample, in the namespace default."""
    found: list[Any] = list(yaml.safe_load_all((SAMPLES / file).read_text()))
    for obj in found:
        obj["metadata"]["namespace"] = "default"
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """One cluster of two nodes, which are zones, with the applications of all samples."""
    files = (
        "bookinfo/platform/bookinfo.yaml",
        "helloworld/helloworld.yaml",
        "httpbin/httpbin.yaml",
        "tcp-echo/tcp-echo-services.yaml",
        "sleep/sleep.yaml",
    )
    async with running_clusters(tmp_path_factory.mktemp("home"), "cluster1", nodes=2) as meshes:
        one = meshes["cluster1"]
        label = {"metadata": {"name": "default", "labels": {"istio-injection": "enabled"}}}
        await one.apply({"apiVersion": "v1", "kind": "Namespace", **label})
        objects = [obj for file in files for obj in objects_in(file)]
        await one.apply(*objects)
        for obj in objects:
            if obj["kind"] == "Deployment":
                await one.wait_available(obj["metadata"]["name"])
        yield Shop(one, Asker(one.target, await one.pod_of("sleep"), "sleep"))


@pytest.mark.parametrize(
    ("file", "share"),
    [
        ("virtual-service-all-v1", {"v1": 1.0}),
        ("virtual-service-reviews-90-10", {"v1": 0.9, "v2": 0.1}),
        ("virtual-service-reviews-80-20", {"v1": 0.8, "v2": 0.2}),
        ("virtual-service-reviews-50-v3", {"v1": 0.5, "v3": 0.5}),
        ("virtual-service-reviews-v2-v3", {"v2": 0.5, "v3": 0.5}),
        ("virtual-service-reviews-v3", {"v3": 1.0}),
    ],
)
async def test_reviews_are_shared_as_the_file_says(shop: Shop, file: str, share: dict[str, float]) -> None:
    async with shop.applied(f"{NETWORKING}/destination-rule-all.yaml", f"{NETWORKING}/{file}.yaml"):
        await shop.wait_versions(set(share)) if len(share) == 1 else await asyncio.sleep(0.5)
        seen: Counter[str] = Counter()
        for _ in range(1 if len(share) == 1 else 3):  # so many tell 90 from 80 in a hundred for sure
            seen += await shop.versions()
    assert_shares(seen, share)


@pytest.mark.parametrize("rules", ["destination-rule-all-mtls", "destination-rule-reviews"])
@pytest.mark.parametrize(
    ("file", "jason", "others"),
    [
        ("virtual-service-reviews-test-v2", "v2", "v1"),
        ("virtual-service-reviews-jason-v2-v3", "v2", "v3"),
    ],
)
async def test_jason_has_a_version_of_his_own(
    shop: Shop, rules: str, file: str, jason: str, others: str
) -> None:
    async with shop.applied(f"{NETWORKING}/{rules}.yaml", f"{NETWORKING}/{file}.yaml"):
        await shop.wait_versions({jason}, JASON)
        assert set(await shop.versions(count=20)) == {others}


async def test_faults_are_jasons_alone(shop: Shop) -> None:
    async def status(headers: dict[str, str]) -> int:
        return (await shop.ask("ratings", 9080, "/ratings/0", headers=headers))[0].status

    rules = f"{NETWORKING}/destination-rule-all.yaml"
    async with shop.applied(rules, f"{NETWORKING}/virtual-service-ratings-test-abort.yaml"):
        await until(lambda: is_status(status(JASON), 500), every=0.05)
        assert await status({}) == 200
    async with shop.applied(rules, f"{NETWORKING}/fault-injection-details-v1.yaml"):

        async def fails() -> bool:
            return (await shop.ask("details", 9080, "/details/0"))[0].status == 555

        await until(fails, every=0.05)


async def is_status(asked: Any, wanted: int) -> bool:
    """Whether a request is answered with a status."""
    return bool(await asked == wanted)


async def test_ratings_are_late_for_jason(shop: Shop) -> None:
    late = f"{NETWORKING}/virtual-service-ratings-test-delay.yaml"
    async with shop.applied(f"{NETWORKING}/destination-rule-all.yaml", late):

        async def seconds(headers: dict[str, str]) -> float:
            start = asyncio.get_running_loop().time()
            await shop.ask("ratings", 9080, "/ratings/0", headers=headers)
            return asyncio.get_running_loop().time() - start

        await asyncio.sleep(0.5)
        assert await seconds(JASON) >= 7
        assert await seconds({}) < 7


async def test_hello_and_httpbin_are_served_at_the_gateway(shop: Shop) -> None:
    gateway = f"{GATEWAY}.{SYSTEM_NAMESPACE}"

    async def answers(path: str, word: str) -> bool:
        return word in (await shop.ask(gateway, 80, path))[0].body

    async with shop.applied("helloworld/helloworld-gateway.yaml"):
        await until(lambda: answers("/hello", "Hello version"), every=0.05)
    async with shop.applied("httpbin/httpbin-gateway.yaml"):
        await until(lambda: answers("/headers", "headers"), every=0.05)


async def test_httpbin_is_served_over_tls(shop: Shop) -> None:
    authority = Authority()
    issued = authority.issue(dns=("httpbin.example.com",))
    files = {"tls.crt": issued.chain_pem, "tls.key": issued.key_pem}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": "httpbin-credential", "namespace": SYSTEM_NAMESPACE},
        "data": {name: base64.b64encode(content).decode() for name, content in files.items()},
    }
    await shop.cluster.apply(secret)
    program = f"""
import http.client, socket, ssl
context = ssl.create_default_context(cadata={authority.root_pem.decode()!r})
raw = socket.create_connection(("{GATEWAY}.{SYSTEM_NAMESPACE}", 443), 5)
connection = http.client.HTTPSConnection("httpbin.example.com")
connection.sock = context.wrap_socket(raw, server_hostname="httpbin.example.com")
connection.request("GET", "/status/418")
print(connection.getresponse().status)
"""

    async def answers() -> bool:
        return (await shop.run("python3", "-c", program)).strip() == "418"

    async with shop.applied("httpbin/httpbin-gateway-tls.yaml"):
        await until(answers, every=0.2)


async def test_connections_are_shared_at_the_gateway(shop: Shop) -> None:
    program = f"""
import socket
for _ in range(100):
    with socket.create_connection(("{GATEWAY}.{SYSTEM_NAMESPACE}", 31400), 5) as opened:
        opened.sendall(b"world\\n")
        print(opened.makefile().readline().split()[0])
"""

    async def said() -> Counter[str]:
        return Counter((await shop.run("python3", "-c", program)).split())

    async def is_all_one() -> bool:
        return await said() == {"one": 100}

    async def is_shared() -> bool:
        return 5 <= (await said())["two"] <= 40

    async with shop.applied("tcp-echo/tcp-echo-all-v1.yaml"):
        await until(is_all_one, every=0.1)
        async with shop.applied("tcp-echo/tcp-echo-20-v2.yaml"):
            await until(is_shared, every=0.1)


async def test_locality_decides_who_says_hello(shop: Shop) -> None:
    zones = {
        pod["metadata"]["name"]: pod["spec"]["nodeName"] for pod in await shop.cluster.pods("app=helloworld")
    }
    [sleep] = await shop.cluster.pods("app=sleep")
    mine = sleep["spec"]["nodeName"]
    assert set(zones.values()) == {"cluster1-node-1", "cluster1-node-2"}

    async def near() -> float:
        replies = await shop.ask("helloworld", 5000, "/hello", count=_ASKED)
        answered = [name for reply in replies for name in zones if name in reply.body]
        assert len(answered) == _ASKED
        return sum(zones[name] == mine for name in answered) / _ASKED

    assert 0.3 < await near() < 0.7
    async with shop.applied("helloworld/locality-failover.yaml"):
        await until(lambda: is_share(near(), 1.0, 1.0), every=0.05)
    if mine == "cluster1-node-1":
        async with shop.applied("helloworld/locality-distribute.yaml"):
            await until(lambda: is_share(near(), 0.6, 0.8), every=0.05)


async def is_share(asked: Any, least: float, most: float) -> bool:
    """Whether a share is within bounds."""
    return bool(least <= await asked <= most)


async def test_plain_calls_of_google_leave_as_tls(shop: Shop) -> None:
    """Nobody here is www.googleapis.com: what is looked at is what the caller's Envoy would do."""
    sleep = await shop.cluster.pod_of("sleep")

    async def sockets() -> dict[str, str]:
        told = await shop.cluster.admin(sleep, "/config_dump?resource=dynamic_active_clusters")
        found = [entry["cluster"] for entry in told.get("configs", ())]
        return {each["name"]: each.get("transport_socket", {}).get("name", "") for each in found}

    async def encrypts() -> bool:
        told = await sockets()
        host = "www.googleapis.com"
        wanted = {"80": "envoy.transport_sockets.tls", "443": ""}
        return {port: told.get(f"outbound|{port}||{host}") for port in wanted} == wanted

    async with shop.applied(f"{NETWORKING}/egress-rule-google-apis.yaml"):
        await until(encrypts, every=0.1)
