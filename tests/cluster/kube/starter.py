"""A program that runs a cluster until killed: `python -m tests.cluster.kube.starter STATE_DIR NAME`.

Prints what the world told of the cluster, as JSON.
"""

import asyncio
import sys
from pathlib import Path

import msgspec
from tests.cluster.images import IMAGES
from tests.cluster.kube.client import start

from convoy.cluster.client import start_world


async def main(state_dir: Path, name: str) -> None:
    """Start, tell, stay."""
    async with start_world(state_dir=state_dir, images=IMAGES) as world:
        info = await start(world, name, nodes=2)
        print(msgspec.json.encode(info).decode(), flush=True)
        await world.wait_ended()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
