"""Every controller of a cluster, started together."""

import asyncio
from collections.abc import Sequence

from convoy.cluster.controllers.aggregation import AggregationController
from convoy.cluster.controllers.bootstrap import make_first_objects
from convoy.cluster.controllers.controller import Controller, Settings, Surroundings
from convoy.cluster.controllers.cronjobs.cronjobs import CronJobController
from convoy.cluster.controllers.daemonsets.daemonsets import DaemonSetController
from convoy.cluster.controllers.deployments.deployments import DeploymentController
from convoy.cluster.controllers.disruptions import DisruptionController
from convoy.cluster.controllers.endpoints.endpoints import EndpointsController
from convoy.cluster.controllers.endpoints.mirroring import MirroringController
from convoy.cluster.controllers.expiry import EventExpiryController
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.garbage import GarbageController
from convoy.cluster.controllers.jobs.expiry import FinishedJobController
from convoy.cluster.controllers.jobs.jobs import JobController
from convoy.cluster.controllers.namespaces import NamespaceContentController, NamespaceController
from convoy.cluster.controllers.pod_garbage import PodGarbageController
from convoy.cluster.controllers.recording import EventRecorder
from convoy.cluster.controllers.replicasets import ReplicaSetController, ReplicationControllerController
from convoy.cluster.controllers.statefulsets.statefulsets import StatefulSetController
from convoy.cluster.controllers.taints import CordonController, TaintEvictionController
from convoy.cluster.controllers.uncontrolled import UncontrolledController
from convoy.cluster.controllers.volumes.claims import ClaimController
from convoy.cluster.controllers.volumes.volumes import VolumeController
from convoy.cluster.registry import Registry

CONTROLLERS: tuple[type[Controller], ...] = (
    NamespaceController,
    NamespaceContentController,
    GarbageController,
    ReplicaSetController,
    ReplicationControllerController,
    DeploymentController,
    StatefulSetController,
    DaemonSetController,
    EndpointsController,
    MirroringController,
    JobController,
    FinishedJobController,
    CronJobController,
    DisruptionController,
    ClaimController,
    VolumeController,
    PodGarbageController,
    TaintEvictionController,
    CordonController,
    EventExpiryController,
    AggregationController,
    UncontrolledController,
)


async def run_controllers(
    registry: Registry,
    recorder: EventRecorder,
    settings: Settings,
    *,
    more: Sequence[type[Controller]] = (),
) -> None:
    """Keep a cluster as its objects ask, until cancelled. The recorder is run by whoever made it.

    `more` are controllers of other parts, such as the scheduler, that share the feed.
    """
    around = Surroundings(registry, Feed(registry.store, registry.resources), recorder, settings)
    await make_first_objects(registry)
    controllers = [kind(around) for kind in (*CONTROLLERS, *more)]
    for controller in controllers:
        controller.follow(around.feed)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(around.feed.run(), name="feed")
        await around.feed.ready.wait()  # the garbage collector must know every owner before it acts
        for controller in controllers:
            tasks.create_task(controller.run(), name=f"controller:{controller.name}")
