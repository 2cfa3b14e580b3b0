"""What the kubelet tells a pod's init: how to furnish the pod, and what to run in it.

Plain TypedDicts, because they cross a socket as JSON into a process that imports next to nothing.
"""

from typing import Literal, NotRequired, TypedDict


class VolumePlan(TypedDict):
    """One volume.

    `files` is a tmpfs the kubelet fills, `empty` one for the pod, `host` a folder of this machine.
    """

    name: str
    kind: Literal["files", "empty", "host"]
    host_path: str


class PodPlan(TypedDict):
    """How a pod's namespaces are furnished before anything runs in them.

    `hidden` files and folders are empty for it, `kept` ones are there wherever they lie.
    """

    hostname: str
    hidden: list[str]
    kept: list[str]
    volumes: list[VolumePlan]
    resolv_conf: str
    hosts: str
    sysctls: NotRequired[dict[str, str]]


class MountPlan(TypedDict):
    """Where one container sees one volume."""

    volume: str
    path: str
    sub_path: str
    read_only: bool


class RootPlan(TypedDict):
    """A container's own root.

    `kept` is as in the pod's plan. `termination` is the name of a file of the pod's that the container sees
    at `termination_path`, "" for none. `read_only` closes everything but its volumes.
    """

    kept: list[str]
    termination: str
    termination_path: str
    read_only: bool


class ProcessPlan(TypedDict):
    """One process of a container; its stdin, stdout and stderr come beside it as descriptors.

    With a `root` it gets one of its own, otherwise the pod's; `join` names a process whose root it shares
    instead. With `tty`, stdin is its controlling terminal. `user` and `groups` (the first is the primary one)
    are what it runs as, where that is said.
    """

    argv: list[str]
    env: dict[str, str]
    cwd: str
    mounts: list[MountPlan]
    capabilities: list[str]
    root: NotRequired[RootPlan]
    join: NotRequired[str]
    tty: NotRequired[bool]
    user: NotRequired[int]
    groups: NotRequired[list[int]]


class FilePlan(TypedDict):
    """One file of a volume: its content in base64, and its mode."""

    content: str
    mode: int
