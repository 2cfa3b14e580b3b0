"""An installation in the order in which a cluster must get it: what comes next stands on what came before."""

import base64
from collections.abc import Mapping
from typing import Any

import msgspec

from convoy.cli.install.control_plane import CA_SECRET, build_control_plane
from convoy.cli.install.gateways import build_cross_cluster_rules, build_gateways
from convoy.cli.install.roles import build_roles
from convoy.cli.install.settings import SYSTEM_NAMESPACE, InstallSettings
from convoy.cli.install.webhooks import build_webhooks

Manifest = dict[str, Any]


class Stages(msgspec.Struct, frozen=True):
    """`first` ends with the control plane; `hooks` need its answers; `rest` is seen by the hooks."""

    first: tuple[Manifest, ...]
    hooks: tuple[Manifest, ...]
    rest: tuple[Manifest, ...]


def build_stages(
    settings: InstallSettings, *, definitions: list[Manifest], cacerts: Mapping[str, bytes] | None
) -> Stages:
    """The whole installation; `cacerts` None leaves the Secret to the user, who brought it."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM_NAMESPACE}}
    secrets = [build_secret(cacerts)] if cacerts is not None else []
    return Stages(
        (*definitions, namespace, *build_roles(), *secrets, *build_control_plane(settings)),
        tuple(build_webhooks(settings)),
        (*build_gateways(settings), *build_cross_cluster_rules()),
    )


def build_secret(cacerts: Mapping[str, bytes]) -> Manifest:
    """The certificates that a control plane issues from, as a cluster keeps them."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": CA_SECRET, "namespace": SYSTEM_NAMESPACE},
        "data": {name: base64.b64encode(data).decode() for name, data in cacerts.items()},
    }
