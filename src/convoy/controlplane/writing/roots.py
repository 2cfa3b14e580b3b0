"""The ConfigMap `istio-ca-root-cert` of every namespace: what its proxies trust the mesh by."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from convoy.config.errors import KubeError
from convoy.config.kube.client import KubeClient
from convoy.config.kube.leases import Leader
from convoy.config.kube.listings import Selection
from convoy.config.kube.resources import CONFIG_MAPS, NAMESPACES
from convoy.controlplane.writing.following import Followed
from convoy.controlplane.writing.leading import write_while_leading
from convoy.kit.logs import get_logger

Json = dict[str, Any]

ROOT_CONFIG_MAP = "istio-ca-root-cert"
ROOT_KEY = "root-cert.pem"
_LABELS = {"istio.io/config": "true"}

log = get_logger("controlplane.writing")


class RootWriter:
    """Keeps them as they should be, also when somebody deletes or changes one.

    `roots` gives the roots as PEM; it is asked again and again, and does not raise.
    """

    def __init__(self, client: KubeClient, leader: Leader, *, roots: Callable[[], bytes]) -> None:
        self._client, self._leader, self._roots = client, leader, roots
        self._changed = asyncio.Event()
        self._namespaces = Followed(
            client, NAMESPACES, self._changed, selection=Selection(only_metadata=True)
        )
        named = Selection(fields=f"metadata.name={ROOT_CONFIG_MAP}")
        self._maps = Followed(client, CONFIG_MAPS, self._changed, selection=named)

    async def run(self) -> None:
        """Write for ever, while leading."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._namespaces.run(), name="writing:roots:namespaces")
            tasks.create_task(self._maps.run(), name="writing:roots:maps")
            tasks.create_task(
                write_while_leading(self._leader, self._write, self._changed, what=ROOT_CONFIG_MAP),
                name="writing:roots",
            )

    async def _write(self) -> None:
        namespaces, maps = self._namespaces.objects, self._maps.objects
        if namespaces is None or maps is None:
            return
        text = self._roots().decode()
        for namespace in plan_roots(namespaces.values(), maps, text):
            if not self._leader.is_leader:
                return
            try:
                await self._write_one(namespace, text, exists=(namespace, ROOT_CONFIG_MAP) in maps)
            except KubeError as error:
                if not _is_overtaken(error):
                    raise

    async def _write_one(self, namespace: str, text: str, *, exists: bool) -> None:
        if exists:
            patch = {"data": {ROOT_KEY: text}}
            await self._client.patch(CONFIG_MAPS, ROOT_CONFIG_MAP, patch, namespace=namespace)
        else:
            await self._client.create(CONFIG_MAPS, build_root_map(namespace, text))
        log.info("roots written", namespace=namespace)


def plan_roots(namespaces: Iterable[Json], maps: Mapping[tuple[str, str], Json], text: str) -> list[str]:
    """The namespaces whose ConfigMap is missing or says something else; none that is about to go."""
    return sorted(
        name
        for name, metadata in ((each["metadata"]["name"], each["metadata"]) for each in namespaces)
        if "deletionTimestamp" not in metadata and _text_of(maps.get((name, ROOT_CONFIG_MAP))) != text
    )


def build_root_map(namespace: str, text: str) -> Json:
    """The ConfigMap of a namespace."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": ROOT_CONFIG_MAP, "namespace": namespace, "labels": _LABELS},
        "data": {ROOT_KEY: text},
    }


def _text_of(found: Json | None) -> str | None:
    return (found.get("data") or {}).get(ROOT_KEY) if found else None


def _is_overtaken(error: KubeError) -> bool:
    """It was made, or its namespace went, meanwhile: the watches will tell."""
    is_terminating = error.is_forbidden and "terminat" in error.message
    return error.is_conflict or error.is_not_found or is_terminating
