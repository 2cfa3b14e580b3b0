"""The `caBundle` of the webhook configurations: by what the API server trusts the webhooks."""

import asyncio
import base64
from collections.abc import Callable, Mapping
from typing import Any

from convoy.config.errors import KubeError
from convoy.config.kube.client import KubeClient, PatchKind
from convoy.config.kube.leases import Leader
from convoy.config.kube.listings import Selection
from convoy.config.kube.resources import MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS, KubeResource
from convoy.controlplane.writing.following import Followed
from convoy.controlplane.writing.leading import write_while_leading
from convoy.kit.logs import get_logger

Json = dict[str, Any]

SERVICE = "istiod"
CONFIGURATIONS: Mapping[KubeResource, str] = {
    MUTATING_WEBHOOKS: "istio-sidecar-injector",
    VALIDATING_WEBHOOKS: "istio-validator",
}

log = get_logger("controlplane.writing")


class AuthorityWriter:
    """Keeps the bundles of both configurations, of those webhooks that call `istiod` in `namespace`.

    `roots` gives the roots as PEM; it is asked again and again, and does not raise.
    """

    def __init__(
        self, client: KubeClient, leader: Leader, *, namespace: str, roots: Callable[[], bytes]
    ) -> None:
        self._client, self._leader, self._namespace, self._roots = client, leader, namespace, roots
        self._changed = asyncio.Event()
        # By name, because the role knows no others.
        self._followed = [
            Followed(client, resource, self._changed, selection=Selection(fields=f"metadata.name={name}"))
            for resource, name in CONFIGURATIONS.items()
        ]

    async def run(self) -> None:
        """Write for ever, while leading."""
        async with asyncio.TaskGroup() as tasks:
            for followed in self._followed:
                tasks.create_task(followed.run(), name=f"writing:authorities:{followed.resource.plural}")
            tasks.create_task(
                write_while_leading(self._leader, self._write, self._changed, what="caBundle"),
                name="writing:authorities",
            )

    async def _write(self) -> None:
        roots = self._roots()
        for followed in self._followed:
            for found in (followed.objects or {}).values():
                patch = plan_bundles(found, roots, namespace=self._namespace)
                if patch and self._leader.is_leader:
                    await self._write_one(followed.resource, found["metadata"]["name"], patch)

    async def _write_one(self, resource: KubeResource, name: str, patch: list[Json]) -> None:
        try:
            await self._client.patch(resource, name, patch, kind=PatchKind.JSON)
        except KubeError as error:
            if not error.is_not_found:
                raise
            return
        log.info("authority written", configuration=name)


def plan_bundles(configuration: Json, roots: bytes, *, namespace: str) -> list[Json]:
    """A JSON patch for the webhooks of ours that have another bundle; empty when none has."""
    bundle = base64.b64encode(roots).decode()
    patch: list[Json] = []
    for number, hook in enumerate(configuration.get("webhooks") or ()):
        config = hook["clientConfig"]
        service = config.get("service") or {}
        is_ours = (service.get("name"), service.get("namespace")) == (SERVICE, namespace)
        if is_ours and config.get("caBundle") != bundle:
            path = f"/webhooks/{number}"
            # Should webhooks have been put in before it meanwhile, the patch fails and is made anew.
            patch.append({"op": "test", "path": f"{path}/name", "value": hook["name"]})
            patch.append({"op": "add", "path": f"{path}/clientConfig/caBundle", "value": bundle})
    return patch
