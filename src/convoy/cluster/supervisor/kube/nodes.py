"""Nodes that are there no more, and nodes that are not yet ready."""

import asyncio
from collections.abc import Collection
from typing import Any

from convoy.cluster.errors import WaitError
from convoy.cluster.machinery.conditions import is_true
from convoy.cluster.machinery.requests import DeleteOptions, WriteOptions, system_user
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.registry import Registry
from convoy.cluster.store import Store

_COMPONENT = "node-controller"


async def forget_other_nodes(registry: Registry, names: Collection[str]) -> None:
    """Delete the nodes that a cluster had when it was larger, and the pods that were bound to them."""
    options = WriteOptions(user=system_user(_COMPONENT), manager=_COMPONENT, is_internal=True)
    for storage, node_of in (("pods", _node_of_pod), ("nodes", _name)):
        resource = registry.resources.stored(storage)
        for stored in list(registry.store.list(storage)):
            node = node_of(stored.object)
            if node and node not in names:
                try:
                    now = DeleteOptions(grace_period_seconds=0)
                    await registry.delete(resource, *stored.key, now, options)
                except StatusError as error:
                    if error.code != 404:
                        raise


async def wait_nodes_ready(store: Store, names: Collection[str], *, timeout: float) -> None:
    """Until all these nodes say that they are ready; raises WaitError after `timeout` seconds."""
    try:
        async with asyncio.timeout(timeout):
            with store.watch("nodes") as watch:
                ready = {_name(stored.object) for stored in watch.initial if is_true(stored.object, "Ready")}
                while not ready.issuperset(names):
                    for event in await watch.take():
                        (ready.add if is_true(event.stored.object, "Ready") else ready.discard)(
                            event.stored.key.name
                        )
    except TimeoutError as error:
        missing = ", ".join(sorted(set(names) - ready))
        raise WaitError(f"not ready within {timeout:g} s: {missing}.") from error


def _name(obj: dict[str, Any]) -> str:
    return str(obj["metadata"]["name"])


def _node_of_pod(pod: dict[str, Any]) -> str:
    return str(pod.get("spec", {}).get("nodeName") or "")
