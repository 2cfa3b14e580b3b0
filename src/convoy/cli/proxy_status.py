"""`convoy proxy-status`: which proxies are connected, and whether they have taken what they were sent."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import click

from convoy.cli.output import output_option, print_json, print_table
from convoy.cli.running import ask_control_planes, running_clusters
from convoy.config.kube.targets import KubeTarget

Json = dict[str, Any]

TYPES = ("CDS", "EDS", "LDS", "RDS")


@click.command("proxy-status")
@output_option
def proxy_status(output: str) -> None:
    """List the proxies of every running cluster with the state of each type of configuration.

    SYNCED: taken as sent. STALE: not answered yet. NOT SENT: the proxy asked for none. NACKED: refused by
    Envoy, which goes on with what it had; the reason stands below the table.

    Problems that the control planes found in their clusters' objects stand below, too.
    """
    proxies, problems = asyncio.run(_fetch())
    if output == "json":
        print_json(proxies)
        return
    rows = [
        (proxy["proxy"], proxy["cluster"], *_states(proxy), _version(proxy), _since(proxy))
        for proxy in proxies
    ]
    print_table(("NAME", "CLUSTER", *TYPES, "ENVOY", "CONNECTED SINCE"), rows)
    for line in (*refusals(proxies), *problem_lines(problems)):
        click.echo(f"\n{line}")


def refusals(proxies: Iterable[Json]) -> list[str]:
    """A line for each resource that an Envoy refused, with its reason."""
    return [
        f"{proxy['proxy']} in {proxy['cluster']} refused {kind['short_name']} {refused['name']}: "
        f"{refused['detail']}"
        for proxy in proxies
        for kind in proxy["types"]
        for refused in kind["rejected"]
    ]


def problem_lines(problems: Iterable[Json]) -> list[str]:
    """A line for each problem row as `convoy validate -o json` has them, with its cluster."""
    lines = []
    for problem in problems:
        thing = f"{problem['kind']} {problem['namespace']}/{problem['name']}" if problem["kind"] else ""
        where = ", ".join(filter(None, (thing, problem["field"])))
        lines.append(f"{problem['level']} in {problem['cluster']}: {where}: {problem['message']}")
    return lines


async def _fetch() -> tuple[list[Json], list[Json]]:
    targets = await running_clusters()
    proxies, problems = await asyncio.gather(
        *(_ask_all(targets, path) for path in ("/debug/proxies", "/debug/problems"))
    )
    return proxies, problems


async def _ask_all(targets: Mapping[str, KubeTarget], path: str) -> list[Json]:
    """What the control planes of all clusters say, each thing once: replicas know the same problems."""
    answers = await asyncio.gather(*(ask_control_planes(target, path) for target in targets.values()))
    found: list[Json] = []
    for cluster, of_cluster in zip(targets, answers, strict=True):
        for each in (each for answer in of_cluster for each in answer):
            if (row := {**each, "cluster": cluster}) not in found:
                found.append(row)
    return found


def _states(proxy: Json) -> list[str]:
    states = {kind["short_name"]: kind["state"] for kind in proxy["types"]}
    return [states.get(name, "NOT SENT") for name in TYPES]


def _version(proxy: Json) -> str:
    return str(proxy["user_agent"]).rpartition("/")[2].removeprefix("envoy ") or "-"


def _since(proxy: Json) -> str:
    return f"{proxy['connected_since'][:19]}Z"
