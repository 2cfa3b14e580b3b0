"""Bring an installation to a cluster through its API, stage by stage, and wait until it works.

Everything is applied server-side, so repeating is safe and what others own stays theirs.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from convoy.cli.install.gateways import GATEWAY
from convoy.cli.install.settings import CONTROL_PLANE, SYSTEM_NAMESPACE
from convoy.cli.install.stages import Stages
from convoy.cli.local.errors import LocalMeshError
from convoy.config.errors import KubeError
from convoy.config.kube.client import KubeClient
from convoy.config.kube.listings import Selection
from convoy.config.kube.resources import CUSTOM_RESOURCE_DEFINITIONS, PODS, KubeResource

Manifest = dict[str, Any]
Report = Callable[[str], None]

_MANAGER = "convoy-install"
_DEPLOYMENTS = KubeResource("apps", "v1", "deployments")
_LOOK_EVERY = 0.05
_AT_ONCE = 8


async def install(client: KubeClient, stages: Stages, *, progress: Report, timeout: float) -> None:
    """Install, and wait until control plane and gateway are available.

    LocalMeshError, with the state of the pods that keep it from working, after `timeout` seconds.
    """
    progress("definitions and control plane")
    definitions = [m for m in stages.first if m["kind"] == "CustomResourceDefinition"]
    await _apply_all(client, definitions)
    await _wait_established(client, definitions, timeout=timeout)
    for manifest in stages.first:
        if manifest["kind"] != "CustomResourceDefinition":
            await client.apply(manifest, manager=_MANAGER)
    await wait_available(client, CONTROL_PLANE, timeout=timeout)
    progress("webhooks and gateway")
    await _apply_all(client, stages.hooks)
    await _apply_all(client, stages.rest)
    await wait_available(client, GATEWAY, timeout=timeout)


async def _apply_all(client: KubeClient, manifests: Sequence[Manifest]) -> None:
    """Apply what does not depend on each other, several at a time."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def apply(manifest: Manifest) -> None:
        async with room:
            await client.apply(manifest, manager=_MANAGER)

    await asyncio.gather(*map(apply, manifests))


async def _wait_established(client: KubeClient, definitions: Sequence[Manifest], *, timeout: float) -> None:
    for definition in definitions:
        name = definition["metadata"]["name"]

        async def is_served(name: str = name) -> bool:
            obj = await client.get(CUSTOM_RESOURCE_DEFINITIONS, name)
            return _has_condition(obj, "Established")

        if not await _within(timeout, is_served):
            raise LocalMeshError(
                f"{client.cluster} does not serve {name}: see `kubectl describe crd {name}`."
            )


async def wait_available(
    client: KubeClient, deployment: str, *, namespace: str = SYSTEM_NAMESPACE, timeout: float
) -> None:
    """Until a Deployment runs as its newest spec says; LocalMeshError after `timeout` seconds."""

    async def is_available() -> bool:
        try:
            obj = await client.get(_DEPLOYMENTS, deployment, namespace=namespace)
        except KubeError as error:
            if error.is_not_found:
                return False
            raise
        return has_rolled_out(obj)

    if not await _within(timeout, is_available):
        state = await _describe(client, deployment, namespace)
        raise LocalMeshError(
            f"{deployment} of cluster {client.cluster} was not available within {timeout:g} s{state}. "
            f"See `kubectl --context={client.cluster} -n {namespace} describe pods`."
        )


def has_rolled_out(obj: Manifest) -> bool:
    """Whether every replica of a Deployment is of the newest spec and available, and no other is left."""
    status, wanted = obj.get("status") or {}, obj["spec"].get("replicas", 1)
    counts = (status.get("replicas", 0), status.get("updatedReplicas", 0), status.get("availableReplicas", 0))
    is_seen = status.get("observedGeneration", 0) >= obj["metadata"]["generation"]
    return is_seen and counts == (wanted, wanted, wanted)


async def _within(timeout: float, holds: Callable[[], Any]) -> bool:
    try:
        async with asyncio.timeout(timeout):
            while True:
                if await holds():
                    return True
                await asyncio.sleep(_LOOK_EVERY)
    except TimeoutError:
        return False


def _has_condition(obj: Manifest, kind: str) -> bool:
    conditions = (obj.get("status") or {}).get("conditions") or []
    return any(c.get("type") == kind and c.get("status") == "True" for c in conditions)


async def _describe(client: KubeClient, deployment: str, namespace: str) -> str:
    """What keeps the Deployment's containers from running, as far as it is known."""
    selection = Selection(namespace=namespace, labels=f"app={deployment}")
    waiting = []
    for pod in (await client.list(PODS, selection)).items:
        status = pod.get("status") or {}
        for container in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
            reason = (container.get("state") or {}).get("waiting") or {}
            if reason:
                name = f"{pod['metadata']['name']}/{container['name']}"
                waiting.append(f"{name} waits: {reason.get('reason')} {reason.get('message', '')}".rstrip())
    return f": {'; '.join(waiting)}" if waiting else ""
