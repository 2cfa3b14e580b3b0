"""What a running cluster says of itself through its API."""

import asyncio
import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from convoy.api.kinds import KINDS
from convoy.ca.files import CA_CERT
from convoy.cli.clusters.meshes import open_client
from convoy.cli.install.control_plane import CA_SECRET
from convoy.cli.install.settings import SYSTEM_NAMESPACE
from convoy.config.errors import KubeError
from convoy.config.kube.client import KubeClient
from convoy.config.kube.listings import Selection
from convoy.config.kube.resources import NAMESPACES, PODS, SECRETS, KubeResource, resource_of

Json = dict[str, Any]

_NODES = KubeResource("", "v1", "nodes", namespaced=False)
_SERVICES = KubeResource("", "v1", "services")
_DEPLOYMENTS = KubeResource("apps", "v1", "deployments")
_ISTIO = ".istio.io"


class Seen(msgspec.Struct, frozen=True):
    """One cluster's objects, as far as its status needs them; those of the mesh by kind."""

    nodes: Sequence[Json] = ()
    pods: Sequence[Json] = ()
    deployments: Sequence[Json] = ()
    services: Sequence[Json] = ()
    mesh: Sequence[Json] = ()
    authority: bytes = b""


async def see(folder: Path, cluster: str) -> Seen:
    """Read a running cluster; KubeError when its API does not answer."""
    async with open_client(folder, cluster) as client:
        await client.get(NAMESPACES, "default")
        in_system = Selection(namespace=SYSTEM_NAMESPACE)
        nodes, pods, deployments, services, mesh, authority = await asyncio.gather(
            client.list(_NODES),
            client.list(PODS),
            client.list(_DEPLOYMENTS, in_system),
            client.list(_SERVICES, in_system),
            _mesh_objects(client),
            _authority(client),
        )
    return Seen(nodes.items, pods.items, deployments.items, services.items, mesh, authority)


async def _mesh_objects(client: KubeClient) -> list[Json]:
    resources = [resource_of(kind, kind.api_versions[0]) for kind in KINDS if kind.group.endswith(_ISTIO)]
    lists = await asyncio.gather(*(_list_known(client, resource) for resource in resources))
    return [obj for objects in lists for obj in objects]


async def _list_known(client: KubeClient, resource: KubeResource) -> list[Json]:
    try:
        return (await client.list(resource)).items
    except KubeError as error:
        if error.is_not_found:
            return []
        raise


async def _authority(client: KubeClient) -> bytes:
    """The certificate that the cluster's own are issued by; nothing without a mesh."""
    try:
        secret = await client.get(SECRETS, CA_SECRET, namespace=SYSTEM_NAMESPACE)
    except KubeError as error:
        if error.is_not_found:
            return b""
        raise
    return base64.b64decode((secret.get("data") or {}).get(CA_CERT, ""))
