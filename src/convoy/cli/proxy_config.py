"""`convoy proxy-config`: what a running Envoy has."""

import asyncio
from typing import Any

import click

from convoy.cli import proxy_dump
from convoy.cli.output import output_option, print_json, print_table
from convoy.cli.pods.streams import PodPlace
from convoy.cli.running import ADMIN_PORT, ask_pod, find_pod, running_clusters

KINDS = ("listener", "route", "cluster", "endpoint", "secret", "all")


@click.command("proxy-config")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("pod")
@click.option("--cluster", default=None, help="The pod's cluster, when several have one of that name.")
@output_option
def proxy_config(kind: str, pod: str, cluster: str | None, output: str) -> None:
    """Show what the running Envoy of a pod has, as Envoy itself tells it.

    POD is `name` or `name.namespace`, as `convoy proxy-status` lists them, or the name of a Deployment that
    has one pod. Private keys are never shown.
    """
    dump, hosts = asyncio.run(_fetch(pod, cluster))
    kinds = KINDS[:-1] if kind == "all" else (kind,)
    if output == "json":
        shown = {each: _raw(each, dump, hosts) for each in kinds}
        print_json(shown if kind == "all" else shown[kind])
        return
    for each in kinds:
        if kind == "all":
            click.secho(f"\n{each}s", bold=True)
        print_table(proxy_dump.COLUMNS[each], _rows(each, dump, hosts))


async def _fetch(pod: str, cluster: str | None) -> tuple[Any, Any]:
    targets = await running_clusters()
    found, namespace, name = await find_pod(targets, pod, cluster)
    place = PodPlace(namespace, name)
    dump, hosts = await asyncio.gather(
        ask_pod(targets[found], place, ADMIN_PORT, "/config_dump"),
        ask_pod(targets[found], place, ADMIN_PORT, "/clusters?format=json"),
    )
    return dump, hosts


def _rows(kind: str, dump: Any, hosts: Any) -> list[proxy_dump.Row]:
    if kind == "endpoint":
        return proxy_dump.endpoint_rows(hosts)
    rows = {
        "secret": proxy_dump.secret_rows,
        "listener": proxy_dump.listener_rows,
        "route": proxy_dump.route_rows,
        "cluster": proxy_dump.cluster_rows,
    }
    return rows[kind](dump)


def _raw(kind: str, dump: Any, hosts: Any) -> Any:
    """Envoy's own messages; private keys are never among them (Envoy shows `[redacted]`)."""
    if kind == "endpoint":
        return hosts.get("cluster_statuses", [])
    if kind == "secret":
        return list(proxy_dump.configs(dump, "SecretsConfigDump"))
    messages = {"listener": proxy_dump.listeners, "route": proxy_dump.routes, "cluster": proxy_dump.clusters}
    return messages[kind](dump)
