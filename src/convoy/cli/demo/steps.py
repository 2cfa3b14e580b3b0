"""The article's steps, each told as the command that a person would type, and done through the same API.

What a cluster refuses and what does not become ready is noted on the stage, and the play goes on: the table
says what that costs.
"""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

from convoy.cli.clusters.gateways import SERVICES, gateway_address
from convoy.cli.demo.objects import Object, apply, label_namespace
from convoy.cli.demo.script import (
    APPLICATIONS,
    CLUSTER1,
    CLUSTER2,
    CLUSTERS,
    GATEWAY,
    REMOTE,
    ROUTING,
    SUBSETS,
    with_address,
)
from convoy.cli.demo.stage import NAMESPACE, Stage
from convoy.cli.install.gateways import GATEWAY as GATEWAY_SERVICE
from convoy.cli.install.installing import wait_available
from convoy.cli.install.settings import CONTROL_PLANE, SYSTEM_NAMESPACE
from convoy.cli.local.errors import LocalMeshError
from convoy.config.errors import KubeError
from convoy.config.kube.resources import KubeResource

Say = Callable[[str], None]

_READY_WITHIN = 60.0
_DEPLOYMENTS = KubeResource("apps", "v1", "deployments")


async def deploy_applications(stage: Stage, say: Say) -> None:
    """Label the namespaces, and deploy v1 of Bookinfo in cluster1, v2 and v3 of reviews in cluster2."""
    await asyncio.gather(*(_deploy(stage, name, say) for name in CLUSTERS))
    say("waiting for the Deployments of both clusters")
    deployments = [
        (name, obj["metadata"]["name"])
        for name in CLUSTERS
        for obj in stage.script.applications[name]
        if obj["kind"] == "Deployment"
    ]
    await asyncio.gather(*(_wait_deployment(stage, *each) for each in deployments))


async def _deploy(stage: Stage, cluster: str, say: Say) -> None:
    if cluster in stage.script.injected:
        say(f"kubectl label --context={cluster} namespace {NAMESPACE} istio-injection=enabled")
        await label_namespace(stage.clients[cluster], NAMESPACE, {"istio-injection": "enabled"})
    await _apply(stage, cluster, stage.script.applications[cluster], APPLICATIONS[cluster], say=say)


async def _wait_deployment(stage: Stage, cluster: str, name: str) -> None:
    try:
        await wait_available(stage.clients[cluster], name, namespace=NAMESPACE, timeout=_READY_WITHIN)
    except LocalMeshError as error:
        stage.unready.append(str(error))


async def open_ingress(stage: Stage, say: Say) -> None:
    """Serve the page at cluster1's ingress gateway."""
    await _apply(stage, CLUSTER1, stage.script.gateway, GATEWAY, say=say)


async def find_gateway(stage: Stage, say: Say) -> None:
    """Ask cluster2 for the address that other clusters use to reach it."""
    if cluster := stage.script.missing_gateway:
        internal = {"spec": {"type": "ClusterIP"}}
        client = stage.clients[cluster]
        await client.patch(SERVICES, GATEWAY_SERVICE, internal, namespace=SYSTEM_NAMESPACE)
    say(
        f"CLUSTER2_GW_ADDR=$(kubectl get --context={CLUSTER2} svc --selector=app={GATEWAY_SERVICE} "
        f"-n {SYSTEM_NAMESPACE} -o jsonpath=...)"
    )
    stage.gateway_address = await gateway_address(stage.clients[CLUSTER2])


async def connect_clusters(stage: Stage, say: Say) -> None:
    """Make cluster2's reviews callable in cluster1, name the versions in both, and route by user."""
    if stage.gateway_address:
        remote = with_address(stage.script.remote, stage.gateway_address)
        await _apply(stage, CLUSTER1, remote, REMOTE, say=say)
    for cluster in CLUSTERS:
        await _apply(stage, cluster, stage.script.subsets[cluster], SUBSETS, say=say)
    await _apply(stage, CLUSTER1, stage.script.routing, ROUTING, say=say)


async def stop_control_plane(stage: Stage, say: Say) -> None:
    """What one sabotage asks for."""
    if cluster := stage.script.stopped:
        say(
            f"kubectl scale --context={cluster} -n {SYSTEM_NAMESPACE} deployment {CONTROL_PLANE} --replicas=0"
        )
        none = {"spec": {"replicas": 0}}
        client = stage.clients[cluster]
        await client.patch(_DEPLOYMENTS, CONTROL_PLANE, none, namespace=SYSTEM_NAMESPACE)
        await wait_available(client, CONTROL_PLANE, timeout=_READY_WITHIN)


async def _apply(stage: Stage, cluster: str, objects: Iterable[Object], path: Path, *, say: Say) -> None:
    objects = list(objects)
    if objects:
        say(f"kubectl apply --context={cluster} -f {path}")
    for obj in objects:
        try:
            await apply(stage.clients[cluster], obj)
        except KubeError as error:
            if not error.status:  # no answer at all is no refusal of this object
                raise
            stage.refused.append(f"{obj['kind']} {obj['metadata']['name']}: {error}")
