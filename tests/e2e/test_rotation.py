"""Certificates that live for seconds are renewed under load, and nobody notices."""

import asyncio
import os
import time

import pytest
from tests.e2e.observing import ObservedMesh

from convoy.cli.local.staging import SAMPLES, sample_mesh
from convoy.cli.pod_traffic import Request, SteadyLoad

pytestmark = [pytest.mark.world, pytest.mark.envoy, pytest.mark.slow]

# `make soak` runs it for the full five minutes.
SECONDS = float(os.environ.get("CONVOY_SOAK_SECONDS", "15"))


@pytest.mark.timeout(600)
async def test_ten_second_certificates_rotate_without_loss(home) -> None:
    arguments = ("--workload-ttl-seconds", "10")
    async with sample_mesh(SAMPLES, home, arguments=arguments, progress=lambda _: None) as local:
        mesh = await ObservedMesh.open(local, SAMPLES)
        async with _load(mesh, {}) as here, _load(mesh, {"end-user": "jason"}) as there:
            serials = await _serials_during(mesh, SECONDS)
        for load in (here, there):
            assert load.failures() == []
            assert load.reconnects == 0
            assert len(load.replies) > SECONDS
        assert len(serials) > SECONDS / 10
        assert await mesh.rejections() == []


def _load(mesh: ObservedMesh, headers: dict[str, str]) -> SteadyLoad:
    request = Request("reviews:9080", "/reviews/0", headers)
    return SteadyLoad(mesh.dial_from("productpage-v1", "reviews:9080"), request, rate=50, connections=4)


async def _serials_during(mesh: ObservedMesh, seconds: float) -> set[str]:
    """Every serial number that productpage's Envoy was seen to use."""
    serials, end = set(), time.monotonic() + seconds
    while time.monotonic() < end:
        serials.add(await mesh.certificate_serial("productpage-v1"))
        await asyncio.sleep(1)
    return serials - {""}
