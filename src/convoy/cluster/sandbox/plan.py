"""What the kubelet tells a pod's init: how to furnish the pod, and what to run in it.

Plain TypedDicts, because they cross a socket as JSON into a process that imports next to nothing.
"""

from typing import Literal, TypedDict


class VolumePlan(TypedDict):
    """One volume.

    `files` is a tmpfs the kubelet fills, `empty` one for the pod, `host` a folder of this machine.
    """

    name: str
    kind: Literal["files", "empty", "host"]
    host_path: str


class PodPlan(TypedDict):
    """How a pod's namespaces are furnished before anything runs in them."""

    hostname: str
    hidden: list[str]
    kept: list[str]
    volumes: list[VolumePlan]
    resolv_conf: str
    hosts: str


class MountPlan(TypedDict):
    """Where one container sees one volume."""

    volume: str
    path: str
    sub_path: str
    read_only: bool


class ProcessPlan(TypedDict):
    """One process of a container; its stdin, stdout and stderr come beside it as descriptors."""

    argv: list[str]
    env: dict[str, str]
    cwd: str
    mounts: list[MountPlan]
    capabilities: list[str]
