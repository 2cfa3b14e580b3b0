"""Configuration changes under load: requests go on, and each change takes effect."""

import asyncio
import time

from bench.subsets import RULES
from tests.e2e.observing import ObservedMesh
from tests.e2e.playground import MARKS

from convoy.cli.pod_traffic import Request, SteadyLoad, ask_once

pytestmark = MARKS

CHANGES = 100
REVIEWS = Request("reviews:9080", "/reviews/0")

BROKEN = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: broken}
spec: {htp: []}
"""


async def test_a_new_subset_and_its_route_lose_no_request(mesh: ObservedMesh) -> None:
    """How long each change takes is measured by `python -m bench subsets`."""
    (mesh.folder("cluster1") / "reviews-virtual-service.yaml").unlink()
    dial = mesh.dial_from("productpage-v1", "reviews:9080")
    async with SteadyLoad(dial, REVIEWS, rate=200) as load:
        await asyncio.sleep(1)
        for number in range(CHANGES):
            mesh.write_file("cluster1", "reviews-destination-rule.yaml", RULES.format(number=number))
            await _wait_route(mesh, f"r{number}")
        await asyncio.sleep(0.5)
    assert load.failures() == []
    assert len(load.replies) > CHANGES


async def _wait_route(mesh: ObservedMesh, name: str) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if name in await mesh.route_names("productpage-v1"):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"route {name} never became active")


async def test_comments_and_labels_change_no_bytes(mesh: ObservedMesh) -> None:
    before = await mesh.control_plane_statistics("cluster1")
    folder = mesh.folder("cluster1")
    rule = folder / "reviews-virtual-service.yaml"
    mesh.write_file("cluster1", rule.name, "# a comment on top\n" + rule.read_text())
    service = folder / "details.yaml"
    changed = service.read_text().replace("    app: details\n", "    app: details\n    note: new\n", 1)
    assert changed != service.read_text()
    mesh.write_file("cluster1", service.name, changed)
    await _wait_view_after(mesh, before["view"])
    after = await mesh.control_plane_statistics("cluster1")
    assert after["ads"]["resources_sent"] == before["ads"]["resources_sent"]
    assert after["models"] > before["models"]


async def _wait_view_after(mesh: ObservedMesh, number: int) -> None:
    deadline = time.monotonic() + 10
    while (await mesh.control_plane_statistics("cluster1"))["view"] <= number:
        assert time.monotonic() < deadline, "the label never reached the control plane"
        await asyncio.sleep(0.02)


async def test_a_bad_object_costs_only_itself(mesh: ObservedMesh) -> None:
    mesh.write_file(
        "cluster1",
        "broken.yaml",
        BROKEN,
    )
    mesh.write_file("cluster1", "reviews-destination-rule.yaml", RULES.format(number=1))
    (mesh.folder("cluster1") / "reviews-virtual-service.yaml").unlink()
    await _wait_route(mesh, "r1")
    problems = await mesh.problems("cluster1")
    assert [(p["name"], p["field"]) for p in problems if p["level"] == "error"] == [("broken", "spec.htp")]
    reply = await ask_once(mesh.dial_from("productpage-v1", "reviews:9080"), REVIEWS)
    assert reply.status == 200
