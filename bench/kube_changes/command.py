"""How long after an apply does the first request follow it? p50, p99 and the worst of many changes.

`API`: applied over a connection that is open already. `kubectl`: by a process of the real program, whose own
start is part of the time. `answered` is when whoever applied had the API server's answer, validation by the
control plane included; `followed` is when the first request was answered by another version.
"""

import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import click

from bench.kube_changes.watching import Watching, watching
from bench.running import milliseconds_of
from convoy.cli.clusters.access import kubeconfig_path
from convoy.cli.clusters.holding import end_holder
from convoy.cli.demo import steps
from convoy.cli.demo.play import open_stage
from convoy.cli.demo.script import CLUSTER1, load_script
from convoy.cli.demo.stage import NAMESPACE, Stage
from convoy.cli.pods.streams import PodPlace

Manifest = dict[str, Any]
Apply = Callable[[Manifest], Awaitable[None]]

_TARGETS = (("reviews.default.svc.cluster.local", "v1"), ("reviews.default.global", "v2"))
_QUIET_SECONDS = 0.25  # a change after quiet, as a person makes it


@click.command("kube-changes")
@click.option("--changes", type=int, default=100)
def kube_changes(changes: int) -> None:
    """Time from an applied VirtualService to the first request that follows it."""
    asyncio.run(_run(changes))


async def _run(changes: int) -> None:
    with tempfile.TemporaryDirectory(prefix="convoy-bench-") as folder:
        try:
            await _measure(Path(folder) / "world", changes)
        finally:
            await end_holder(Path(folder) / "world")


async def _measure(folder: Path, changes: int) -> None:
    async with open_stage(folder, load_script(), sample=0, say=_say) as stage:
        await steps.deploy_applications(stage, _say)
        await steps.find_gateway(stage, _say)
        await steps.connect_clusters(stage, _say)
        (pod,) = await stage.pods(CLUSTER1, "app=productpage")
        place = PodPlace(NAMESPACE, pod["metadata"]["name"])
        async with watching(stage.targets[CLUSTER1], place, "reviews:9080", "/reviews/0") as seen:
            await _compare(seen, "API", _over_api(stage), changes)
            if kubectl := shutil.which("kubectl"):
                await _compare(seen, "kubectl", _by_kubectl(kubectl, folder), changes)


def _say(text: str) -> None:
    click.echo(f"... {text}")


async def _compare(seen: Watching, name: str, apply: Apply, changes: int) -> None:
    answered, followed = [], []
    for number in range(-2, changes):  # the first two find everything cold
        host, subset = _TARGETS[(number + 1) % 2]  # it begins and ends with v1
        await asyncio.sleep(_QUIET_SECONDS)
        start = time.monotonic()
        await apply(route_to(host, subset))
        end = time.monotonic()
        at = await seen.wait_answered(f"reviews-{subset}", since=start)
        if number >= 0:
            answered.append(end - start)
            followed.append(at - start)
    click.echo(f"{name:8} {changes} changes: answered {milliseconds_of(answered)}")
    click.echo(f"{name:8} {changes} changes: followed {milliseconds_of(followed)}")


def route_to(host: str, subset: str) -> Manifest:
    """All reviews from one subset."""
    route = {"destination": {"host": host, "subset": subset}}
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "VirtualService",
        "metadata": {"name": "reviews", "namespace": NAMESPACE},
        "spec": {"hosts": ["reviews.default.svc.cluster.local"], "http": [{"route": [route]}]},
    }


def _over_api(stage: Stage) -> Apply:
    async def apply(manifest: Manifest) -> None:
        await stage.clients[CLUSTER1].apply(manifest, manager="bench")

    return apply


def _by_kubectl(kubectl: str, folder: Path) -> Apply:
    home = folder / "kubectl"
    home.mkdir()
    environment = {"HOME": str(home), "KUBECONFIG": str(kubeconfig_path(folder)), "PATH": "/usr/bin:/bin"}

    async def apply(manifest: Manifest) -> None:
        process = await asyncio.create_subprocess_exec(
            *(kubectl, f"--context={CLUSTER1}", "apply", "-f", "-"),
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate(json.dumps(manifest).encode())
        if process.returncode:
            raise click.ClickException(output.decode())

    return apply
