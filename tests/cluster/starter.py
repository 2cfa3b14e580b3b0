"""A program that starts a world and stays: `python -m tests.cluster.starter STATE_DIR`; prints its stages."""

import asyncio
import sys
from pathlib import Path

from tests.cluster.conftest import EAST
from tests.cluster.images import IMAGES
from tests.cluster.manifests import container, http_probe, load_balancer, pod

from convoy.cluster.client import start_world
from convoy.cluster.errors import WorldError


async def main(state_dir: Path) -> None:
    """Start a world with a few pods, and keep it until killed."""
    async with start_world(state_dir=state_dir, images=IMAGES) as world:
        print("world", flush=True)
        await world.add_cluster(EAST)
        ready = container(readinessProbe=http_probe())
        pods = [pod(f"web-{number}", ready) for number in range(3)]
        await world.apply("east", [*pods, load_balancer("web", "198.19.0.30")])
        print("applied", flush=True)
        await world.wait_ready("east", timeout=30)
        print("ready", flush=True)
        await world.wait_ended()


if __name__ == "__main__":
    try:
        asyncio.run(main(Path(sys.argv[1])))
    except WorldError as error:
        sys.exit(str(error))
