"""Find the ingress gateway of an embedded cluster, and open a way from the host to it."""

from pathlib import Path

from convoy.cli.clusters.doors import Place
from convoy.cli.clusters.holding import open_door
from convoy.cli.clusters.meshes import open_client
from convoy.cli.install.gateways import GATEWAY
from convoy.cli.install.settings import SYSTEM_NAMESPACE
from convoy.cli.local.errors import LocalMeshError
from convoy.config.errors import KubeError
from convoy.config.kube.client import KubeClient
from convoy.config.kube.listings import Selection
from convoy.config.kube.resources import KubeResource

SERVICES = KubeResource("", "v1", "services")
_HTTP = 80


async def gateway_address(client: KubeClient) -> str:
    """The address of a cluster's ingress gateway for everybody outside; empty while it has none.

    KubeError when the API does not answer.
    """
    found = await client.list(SERVICES, Selection(namespace=SYSTEM_NAMESPACE, labels=f"app={GATEWAY}"))
    for service in found.items:
        balancer = (service.get("status") or {}).get("loadBalancer") or {}
        for ingress in balancer.get("ingress") or ():
            return str(ingress.get("ip", ""))
    return ""


async def ingress_url(folder: Path, cluster: str) -> str:
    """The URL of its port for HTTP, on 127.0.0.1; LocalMeshError when there is no gateway."""
    async with open_client(folder, cluster) as client:
        try:
            address = await gateway_address(client)
        except KubeError as error:
            raise LocalMeshError(f"The gateway of cluster {cluster} could not be found: {error}") from error
    if not address:
        raise LocalMeshError(
            f"Cluster {cluster} has no ingress gateway with an address: `convoy up` installs one, and "
            f"`kubectl --context={cluster} -n {SYSTEM_NAMESPACE} get svc {GATEWAY}` shows its address."
        )
    return f"http://127.0.0.1:{await open_door(folder, Place(cluster, address, _HTTP))}"
