"""`convoy proxy-status`: which proxies are connected, and whether they have taken what they were sent."""

import asyncio
from typing import Any

import click

from convoy.cli.output import output_option, print_json, print_table
from convoy.cli.running import DEBUG_PORT, ask_pod, running_world

TYPES = ("CDS", "EDS", "LDS", "RDS")


@click.command("proxy-status")
@output_option
def proxy_status(output: str) -> None:
    """List the proxies of every cluster with the state of each type of configuration."""
    proxies = asyncio.run(_fetch())
    if output == "json":
        print_json(proxies)
        return
    rows = [
        (proxy["proxy"], proxy["cluster"], *_states(proxy), _version(proxy), proxy["connected_since"][:19])
        for proxy in proxies
    ]
    print_table(("NAME", "CLUSTER", *TYPES, "ENVOY", "CONNECTED SINCE"), rows)
    for proxy in proxies:
        for kind in proxy["types"]:
            for refused in kind["rejected"]:
                name = f"{kind['short_name']} {refused['name']}"
                click.echo(f"\n{proxy['proxy']} in {proxy['cluster']} refused {name}: {refused['detail']}")


async def _fetch() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with running_world() as world:
        for cluster in [info.name for info in await world.clusters()]:
            path = "/debug/proxies"
            answer = await ask_pod(world, cluster, "istio-system", pod="istiod", port=DEBUG_PORT, path=path)
            found += [{**proxy, "cluster": cluster} for proxy in answer]
    return found


def _states(proxy: dict[str, Any]) -> list[str]:
    states = {kind["short_name"]: kind["state"] for kind in proxy["types"]}
    return [states.get(name, "NOT SENT") for name in TYPES]


def _version(proxy: dict[str, Any]) -> str:
    return str(proxy["user_agent"]).rpartition("/")[2] or "-"
