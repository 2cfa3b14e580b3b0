"""Every controller of a cluster, started together."""

import asyncio

from convoy.cluster.controllers.bootstrap import make_first_objects
from convoy.cluster.controllers.controller import Controller, Settings, Surroundings
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.recording import EventRecorder
from convoy.cluster.registry import Registry

CONTROLLERS: tuple[type[Controller], ...] = ()


async def run_controllers(registry: Registry, recorder: EventRecorder, settings: Settings) -> None:
    """Keep a cluster as its objects ask, until cancelled. The recorder is run by whoever made it."""
    around = Surroundings(registry, Feed(registry.store, registry.resources), recorder, settings)
    await make_first_objects(registry)
    controllers = [kind(around) for kind in CONTROLLERS]
    for controller in controllers:
        controller.follow(around.feed)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(around.feed.run(), name="feed")
        await around.feed.ready.wait()  # the garbage collector must know every owner before it acts
        for controller in controllers:
            tasks.create_task(controller.run(), name=f"controller:{controller.name}")
