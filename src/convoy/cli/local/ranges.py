"""Which address ranges a cluster has, told from the addresses that its folder gives to pods and Services."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from convoy.api.kinds import key_of
from convoy.api.kube.core import Pod, Service
from convoy.api.meta import ObjectKey
from convoy.cli.local.errors import LocalMeshError
from convoy.cluster.types import ClusterSpec
from convoy.config.view import ConfigView


def cluster_spec(name: str, folder: Path, view: ConfigView) -> ClusterSpec:
    """The cluster to make for a folder; LocalMeshError names pods and Services outside of the ranges."""
    pods = {key_of(pod): pod.status.pod_ip for pod in view.all(Pod)}
    services = {
        key_of(service): service.spec.cluster_ip
        for service in view.all(Service)
        if service.spec.cluster_ip not in ("", "None")
    }
    return ClusterSpec(
        name=name,
        pod_cidr=_common_range(folder, pods, kind="Pod", field="status.podIP"),
        service_cidr=_common_range(folder, services, kind="Service", field="spec.clusterIP"),
    )


def _common_range(folder: Path, addresses: Mapping[ObjectKey, str], *, kind: str, field: str) -> str:
    """The /24 of all these addresses; LocalMeshError names what lies elsewhere."""
    ranges = {key: range_around(address) for key, address in addresses.items() if address}
    if not ranges:
        raise LocalMeshError(
            f"{folder} has no {kind} with {field}, so the cluster's range is unknown: add one."
        )
    [(common, _)] = Counter(ranges.values()).most_common(1)
    strays = [f"{key} ({addresses[key] or 'none'})" for key in addresses if ranges.get(key) != common]
    if strays:
        raise LocalMeshError(
            f"{folder}: every {kind} needs {field} in {common}, as most have: correct {', '.join(strays)}."
        )
    return common


def range_around(address: str) -> str:
    """The /24 that an address is in."""
    return f"{address.rpartition('.')[0]}.0/24"
