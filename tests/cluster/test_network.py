"""Two clusters with the same ranges, Services in both, and the border between them."""

import asyncio
import socket
from collections import Counter
from typing import Any

import pytest
import pytest_asyncio
from tests.cluster.manifests import container, http_probe, load_balancer, pod, service, shell
from tests.cluster.requests import ask, fetch, reaches
from tests.kit.waiting import until

from convoy.cluster.client import World

pytestmark = [pytest.mark.world, pytest.mark.asyncio(loop_scope="module")]

WEST_GATEWAY = "198.19.0.20"
SAME_ADDRESS = "198.18.1.7"
ONLY_WEST = "198.18.1.99"


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def peopled(world: World) -> None:
    """Clients and servers in both clusters."""
    ready: dict[str, Any] = {"readinessProbe": http_probe()}
    named = container(ports=[{"name": "web", "containerPort": 8080}], **ready)
    await world.apply(
        "east",
        [
            pod("client", container(image="curlimages/curl")),
            pod("web-1", container(**ready), address=SAME_ADDRESS),
            pod("web-2", container(**ready)),
            service("web"),
            pod("named", named),
            service("named", target="web"),
            service("nobody"),
            service("headless", clusterIP="None", selector={"app": "web"}),
            pod("catcher", _catcher()),
        ],
    )
    await world.apply(
        "west",
        [
            pod("client", container(image="curlimages/curl")),
            pod("web", container(**ready), address=SAME_ADDRESS),
            pod("alone", container(**ready), address=ONLY_WEST),
            load_balancer("web", WEST_GATEWAY),
        ],
    )
    await asyncio.gather(world.wait_ready("east", timeout=30), world.wait_ready("west", timeout=30))


def _catcher() -> dict[str, Any]:
    rules = "add table ip t; add chain ip t out { type nat hook output priority -100; }; "
    rules += "add rule ip t out ip daddr 240.0.0.0/4 tcp dport 80 redirect to :8080"
    return shell(
        f"PATH=$PATH:/usr/sbin; echo '{rules}' | nft -f - && exec sleep infinity",
        securityContext={"capabilities": {"add": ["NET_ADMIN"]}},
    )


async def test_a_pod_reaches_another_by_its_address(world: World) -> None:
    (told,) = await fetch(world, "east", "client", f"http://{SAME_ADDRESS}:8080/")
    assert told["pod"] == "web-1"


async def test_a_service_name_leads_to_every_ready_pod(world: World) -> None:
    told = await fetch(world, "east", "client", "http://web/", times=40)
    assert set(Counter(answer["pod"] for answer in told)) == {"web-1", "web-2"}


async def test_a_named_target_port_is_that_of_the_container(world: World) -> None:
    (told,) = await fetch(world, "east", "client", "http://named.default.svc.cluster.local/")
    assert told["pod"] == "named"


async def test_a_pod_reaches_itself_through_its_service(world: World) -> None:
    (told,) = await fetch(world, "east", "named", "http://named.default/")
    assert told["pod"] == "named"


async def test_a_service_without_ready_pods_refuses(world: World) -> None:
    code = "import socket; socket.create_connection(('nobody', 80), 5)"
    result = await world.exec("east", "default", "client", ["python3", "-c", code], timeout=20)
    assert b"ConnectionRefusedError" in result.stderr


async def test_a_pod_that_is_not_ready_gets_no_requests(world: World) -> None:
    await world.apply("east", [pod("partial-a", container(readinessProbe=http_probe())), service("partial")])
    sick = shell("touch /tmp/sick; exec sleep infinity", readinessProbe=http_probe())
    await world.apply("east", [pod("partial-b", sick)])
    await until(lambda: _is_ready(world, "partial-a"))
    told = await fetch(world, "east", "client", "http://partial/", times=10)
    assert {answer["pod"] for answer in told} == {"partial-a"}
    await world.delete("east", "Pod", "default", "partial-b")


async def _is_ready(world: World, name: str) -> bool:
    return any(status.name == name and status.ready for status in await world.pods("east"))


async def test_clusters_with_one_range_each_keep_to_their_own_pods(world: World) -> None:
    (told,) = await fetch(world, "west", "client", f"http://{SAME_ADDRESS}:8080/")
    assert told["pod"] == "web"


async def test_another_clusters_pod_is_reached_by_its_load_balancer(world: World) -> None:
    (told,) = await fetch(world, "east", "client", f"http://{WEST_GATEWAY}/")
    assert told["pod"] == "web"
    assert told["client"].startswith("198.19.0.")


async def test_another_clusters_load_balancer_has_a_name_everywhere(world: World) -> None:
    for cluster in ("east", "west"):
        (told,) = await fetch(world, cluster, "client", "http://web.west.convoy.test/")
        assert told["pod"] == "web"


async def test_another_clusters_pod_address_leads_nowhere(world: World) -> None:
    assert await reaches(world, "west", "client", ONLY_WEST, 8080)
    assert not await reaches(world, "east", "client", ONLY_WEST, 8080)


async def test_a_load_balancers_other_ports_are_closed(world: World) -> None:
    assert not await reaches(world, "east", "client", WEST_GATEWAY, 8080)


async def test_a_removed_load_balancer_is_gone(world: World) -> None:
    await world.apply("west", [load_balancer("passing", "198.19.0.21", selector={"app": "web"})])
    await world.wait_ready("west", timeout=10)
    assert await reaches(world, "east", "client", "198.19.0.21", 80)
    await world.delete("west", "Service", "default", "passing")
    await world.wait_ready("west", timeout=10)
    assert not await reaches(world, "east", "client", "198.19.0.21", 80)


async def test_connections_to_class_e_addresses_can_be_captured(world: World) -> None:
    code = "import socket; socket.create_connection(('240.0.0.3', 80), 5)"
    result = await world.exec("east", "default", "catcher", ["python3", "-c", code], timeout=20)
    assert b"ConnectionRefusedError" in result.stderr  # redirected to a local port where nobody listens


async def test_a_connection_made_in_a_pod_is_handed_out(world: World) -> None:
    told = await ask(await world.dial("east", "default", "web-1", 8080))
    assert (told["pod"], told["client"]) == ("web-1", "127.0.0.1")


async def test_the_host_reaches_in_through_a_listening_socket_of_its_own(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        await world.forward(listener, "west", WEST_GATEWAY, 80)
    outside = socket.create_connection(("127.0.0.1", port), 5)
    assert (await ask(outside))["pod"] == "web"


async def test_the_host_reaches_a_cluster_address_through_a_listening_socket(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        await world.forward(listener, "east", SAME_ADDRESS, 8080)
    assert (await ask(socket.create_connection(("127.0.0.1", port), 5)))["pod"] == "web-1"


async def test_a_capture_holds_the_bytes_that_crossed_the_border(world: World) -> None:
    capture = await world.capture_start("west", port=80)
    await fetch(world, "east", "client", f"http://{WEST_GATEWAY}/marked-path")
    segments = await world.capture_stop(capture)
    requests = [segment for segment in segments if b"GET /marked-path" in segment.payload]
    assert [(segment.dst, segment.dport) for segment in requests] == [(WEST_GATEWAY, 80)]
    assert any(b"HTTP/1.0 200" in segment.payload for segment in segments)
