"""Start clusters in a running world."""

import asyncio
from collections.abc import Callable, Mapping

from convoy.cli.clusters.listeners import bind_listener, port_of
from convoy.cli.clusters.plans import ClusterPlan
from convoy.cluster.client import World
from convoy.cluster.types import KubeClusterInfo, KubeClusterSpec

Say = Callable[[str], None]


async def start_missing(
    world: World, plans: tuple[ClusterPlan, ...], running: Mapping[str, KubeClusterInfo], *, say: Say
) -> tuple[ClusterPlan, ...]:
    """Start the clusters that do not run yet, side by side; gives the plans with the ports they got."""
    missing = [plan for plan in plans if plan.name not in running]
    for plan in plans:
        if plan.name in running:
            say(f"cluster {plan.name}: runs already at {running[plan.name].server}")
    started = await asyncio.gather(*(_start(world, plan, say) for plan in missing))
    by_name = {plan.name: plan for plan in started}
    return tuple(by_name.get(plan.name, plan) for plan in plans)


async def _start(world: World, plan: ClusterPlan, say: Say) -> ClusterPlan:
    say(f"cluster {plan.name}: starting ...")
    with bind_listener(plan.port) as listener:
        port = port_of(listener)
        spec = KubeClusterSpec(plan.name, nodes=plan.nodes, ephemeral=plan.ephemeral)
        info = await world.start_cluster(spec, listener)
    moved = f" (port {plan.port} is taken by another program)" if plan.port not in (0, port) else ""
    nodes = "1 node" if plan.nodes == 1 else f"{plan.nodes} nodes"
    say(f"cluster {plan.name}: ready at {info.server}{moved}, {nodes}")
    return ClusterPlan(plan.name, plan.nodes, plan.ephemeral, port)
