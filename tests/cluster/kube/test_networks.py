"""Services, names and addresses of whole clusters, as their pods and the host see them."""

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.cluster.kube.client import KubeApi, RefusedError, sleeper, start, teller
from tests.cluster.manifests import service
from tests.cluster.requests import ask, fetch

from convoy.cluster.client import World
from convoy.cluster.errors import ManifestError
from convoy.cluster.types import OutsideSpec

pytestmark = [pytest.mark.world, pytest.mark.asyncio(loop_scope="module")]

_RESOLVE = """
import json, socket, sys
def look(name):
    try:
        return sorted({found[4][0] for found in socket.getaddrinfo(name, 80, socket.AF_INET)})
    except socket.gaierror as error:
        return error.strerror
print(json.dumps([look(name) for name in sys.argv[1:]]))
"""
_TLS = """
import json, ssl, sys, urllib.request
context = ssl.create_default_context(cadata=sys.stdin.read())
print(urllib.request.urlopen(sys.argv[1], timeout=5, context=context).read().decode())
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def peopled(one: KubeApi, two: KubeApi) -> None:
    """Clients in both clusters, a Service with a pod on each node of `one`."""
    first, second = one.info.nodes
    await asyncio.gather(
        one.run(
            sleeper("client", nodeName=first),
            teller("web-1", nodeName=first),
            teller("web-2", nodeName=second, hostname="named", subdomain="direct"),
        ),
        two.run(sleeper("client"), teller("web-3")),
    )
    web = {"app": "web"}
    await one.create(
        service("web", target="web"),
        service("direct", clusterIP="None", selector=web),
        service("node", type="NodePort", selector=web),
        service("gateway", type="LoadBalancer", selector=web),
        service("nobody"),
        service("alias", type="ExternalName", externalName="web.default.svc.cluster.local"),
    )
    for name in ("web", "direct", "node", "gateway"):
        await one.wait_endpoints(name, 2)


async def resolve(world: World, cluster: str, *names: str) -> list[Any]:
    """The addresses of names, or the word for why there are none."""
    result = await world.exec(cluster, "default", "client", ["python3", "-c", _RESOLVE, *names], timeout=30)
    answer: list[Any] = json.loads(result.stdout)
    return answer


async def balancer(api: KubeApi, name: str) -> str:
    """The address that a Service is told to have."""
    address: str = await api.wait(
        "Service", name, lambda obj: obj["status"]["loadBalancer"].get("ingress", [{}])[0].get("ip")
    )
    return address


async def test_a_service_is_reached_by_its_name(world: World) -> None:
    told = await fetch(world, "one", "client", "http://web", times=30)
    assert {each["pod"] for each in told} == {"web-1", "named"}


async def test_a_pod_sees_who_calls(world: World, one: KubeApi) -> None:
    (told,) = await fetch(world, "one", "client", "http://web.default.svc.cluster.local")
    assert told["client"] == (await one.get("Pod", "client"))["status"]["podIP"]


async def test_nodes_have_zones_and_ranges_of_their_own(one: KubeApi) -> None:
    nodes = await one.list("Node")
    labels = [node["metadata"]["labels"] for node in nodes]
    assert [each["topology.kubernetes.io/zone"] for each in labels] == ["region-1-a", "region-1-b"]
    assert {each["topology.kubernetes.io/region"] for each in labels} == {"region-1"}
    assert [each["kubernetes.io/hostname"] for each in labels] == list(one.info.nodes)
    pods = [await one.get("Pod", name) for name in ("web-1", "web-2")]
    assert [pod["status"]["podIP"].rpartition(".")[0] for pod in pods] == ["198.18.0", "198.18.1"]
    assert [pod["status"]["hostIP"] for pod in pods] == ["198.18.0.1", "198.18.1.1"]


async def test_names_mean_what_they_mean_in_any_cluster(world: World, one: KubeApi) -> None:
    first, second = [(await one.get("Pod", name))["status"]["podIP"] for name in ("web-1", "web-2")]
    cluster_ip = (await one.get("Service", "web"))["spec"]["clusterIP"]
    dashed = first.replace(".", "-")
    names = {
        "web": [cluster_ip],
        "web.default": [cluster_ip],
        "direct": [first, second],
        "named.direct": [second],
        f"{dashed}.direct": [first],
        f"{dashed}.default.pod.cluster.local": [first],
        "alias": [cluster_ip],
        "kubernetes.default.svc": ["198.18.16.1"],
        "kube-dns.kube-system": ["198.18.16.10"],
        "nothing": "Name or service not known",
    }
    assert dict(zip(names, await resolve(world, "one", *names), strict=True)) == names


async def test_a_node_port_is_on_every_node(world: World, one: KubeApi) -> None:
    number = (await one.get("Service", "node"))["spec"]["ports"][0]["nodePort"]
    for node in ("198.18.0.1", "198.18.1.1"):
        told = await fetch(world, "one", "client", f"http://{node}:{number}", times=20)
        assert {each["pod"] for each in told} == {"web-1", "named"}


async def test_a_load_balancer_is_reached_from_everywhere(world: World, one: KubeApi) -> None:
    address = await balancer(one, "gateway")
    assert address.startswith("198.19.0.")
    name = "gateway.one.convoy.test"
    for cluster in ("one", "two"):
        assert await resolve(world, cluster, name) == [[address]]
        (told,) = await fetch(world, cluster, "client", f"http://{name}")
        assert told["pod"] in ("web-1", "named")


async def test_the_host_reaches_a_load_balancer_through_a_door(world: World, one: KubeApi) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        await world.forward(listener, "one", await balancer(one, "gateway"), 80)
    assert (await ask(socket.create_connection(("127.0.0.1", port), 5)))["pod"] in ("web-1", "named")


async def test_two_clusters_have_different_load_balancer_addresses(one: KubeApi, two: KubeApi) -> None:
    await two.create(service("gateway", type="LoadBalancer", selector={"app": "web"}))
    assert await balancer(one, "gateway") != await balancer(two, "gateway")


async def test_a_service_that_is_a_load_balancer_no_more_gives_its_address_back(two: KubeApi) -> None:
    await two.create(service("passing", type="LoadBalancer"))
    address = await balancer(two, "passing")
    changed = await two.patch("Service", "passing", {"spec": {"type": "ClusterIP"}})
    assert changed["status"] == {"loadBalancer": {}}
    await two.create(service("next", type="LoadBalancer", loadBalancerIP=address))
    assert await balancer(two, "next") == address


async def test_a_service_without_pods_refuses(world: World) -> None:
    code = "import socket; socket.create_connection(('nobody', 80), 5)"
    result = await world.exec("one", "default", "client", ["python3", "-c", code], timeout=20)
    assert b"ConnectionRefusedError" in result.stderr


async def test_a_taken_node_port_is_refused(one: KubeApi) -> None:
    number = (await one.get("Service", "node"))["spec"]["ports"][0]["nodePort"]
    ports = [{"port": 80, "nodePort": number}]
    with pytest.raises(RefusedError, match="provided port is already allocated"):
        await one.create(service("other", type="NodePort", ports=ports))


async def test_the_api_is_reached_from_pods(world: World) -> None:
    script = """
import ssl, urllib.request
files = "/var/run/secrets/kubernetes.io/serviceaccount/"
request = urllib.request.Request("https://kubernetes.default.svc/version")
request.add_header("Authorization", "Bearer " + open(files + "token").read())
context = ssl.create_default_context(cafile=files + "ca.crt")
print(urllib.request.urlopen(request, timeout=5, context=context).status)
"""
    result = await world.exec("one", "default", "client", ["python3", "-c", script], timeout=20)
    assert result.stdout == b"200\n", result.stderr.decode()


async def test_the_first_services_come_back_when_deleted(one: KubeApi, world: World) -> None:
    before = await one.get("Service", "kubernetes")
    await one.request("DELETE", "/api/v1/namespaces/default/services/kubernetes")
    uid = before["metadata"]["uid"]
    after = await one.wait(
        "Service", "kubernetes", lambda obj: obj if obj["metadata"]["uid"] != uid else None
    )
    assert after["spec"]["clusterIP"] == before["spec"]["clusterIP"]
    assert await resolve(world, "one", "kubernetes.default.svc") == [["198.18.16.1"]]


async def test_what_lies_outside_is_reached_by_name_and_proves_it(world: World) -> None:
    info = await world.open_outside(OutsideSpec(("shop.example",)))
    (told,) = await fetch(world, "two", "client", "http://shop.example/basket")
    assert (told["host"], told["path"], told["scheme"]) == ("shop.example", "/basket", "http")
    root = await asyncio.to_thread(Path(info.ca_file).read_bytes)
    argv = ["python3", "-c", _TLS, "https://deep.wild.outside.test/"]
    result = await world.exec("one", "default", "client", argv, stdin=root, timeout=20)
    told = json.loads(result.stdout)
    assert (told["tls"]["server_name"], told["scheme"]) == ("deep.wild.outside.test", "https")


async def test_a_name_of_a_running_cluster_is_refused(world: World) -> None:
    with pytest.raises(ManifestError, match='there is a cluster "one" already'):
        await start(world, "one")


async def test_a_pod_that_comes_back_gets_another_address(two: KubeApi) -> None:
    await two.run(sleeper("passing"))
    before = (await two.get("Pod", "passing"))["status"]["podIP"]
    await two.delete("Pod", "passing")
    await two.run(sleeper("passing"))
    assert (await two.get("Pod", "passing"))["status"]["podIP"] != before
