"""A cluster in a world of its own, for clients on the host."""

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.cluster.kubectl.commands import run_kubectl
from tests.cluster.kubectl.istio_definitions import istio_definitions
from tests.cluster.kubectl.scenes import Kubectl, Scene

from convoy.cli.clusters.access import write_kubeconfig
from convoy.cluster.client import start_world
from convoy.cluster.types import ImageEntry, KubeClusterSpec

HERE = str(Path(__file__).parent)
PROGRAM = ("python", "-IS", f"{HERE}/program.py")
IMAGES = (
    ImageEntry("nginx", PROGRAM, args=("80",), keep=(HERE,)),
    ImageEntry("busybox", PROGRAM, args=("8080", "busy"), keep=(HERE,)),
)


@asynccontextmanager
async def running_cluster(folder: Path) -> AsyncIterator[Path]:
    """A cluster `cluster1` whose state is in `folder`; gives its kubeconfig."""
    async with start_world(state_dir=folder, images=IMAGES) as world:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            info = await world.start_cluster(KubeClusterSpec("cluster1"), listener)
        yield write_kubeconfig(folder, [info])


async def define_istio(kubectl: Kubectl, kubeconfig: Path, home: Path) -> None:
    """Install the definitions of Istio's kinds, as its installation does, and wait until they are served."""
    scene = Scene(kubectl, home, kubeconfig, {})
    definitions = {"apiVersion": "v1", "kind": "List", "items": istio_definitions()}
    for arguments in ("create -f -", "wait --for=condition=established crd --all --timeout=20s"):
        done = await run_kubectl(scene, arguments, stdin=json.dumps(definitions))
        assert done.code == 0, done
