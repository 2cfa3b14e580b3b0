"""What callers of the world hand in and get back: plain frozen data."""

from typing import Literal

import msgspec


class ClusterSpec(msgspec.Struct, frozen=True):
    """A cluster to make: its name and two address ranges in CIDR form.

    The bridge, which is DNS, is `.1` of the pods'.
    """

    name: str
    pod_cidr: str
    service_cidr: str


class ClusterInfo(msgspec.Struct, frozen=True):
    """A cluster as made: the keys that verify its tokens (a JWKS), and the address of its DNS."""

    name: str
    jwks: dict[str, list[dict[str, str]]]
    dns_address: str


class ImageEntry(msgspec.Struct, frozen=True):
    """A program that stands for an image.

    `pattern` is an image name, `*` allowed; registry and tag are compared only if the pattern has them.
    `argv` is the entry point (a first word "python" means this interpreter) and `args` what the pod's own
    args replace, as ENTRYPOINT and CMD of an image. `keep` names files and folders the program needs to see
    even if they lie below /tmp, /run or the state folder.
    """

    pattern: str
    argv: tuple[str, ...]
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    cwd: str = "/"
    keep: tuple[str, ...] = ()


class ContainerStatus(msgspec.Struct, frozen=True):
    """One container at one moment; `pid` is its number inside the pod, 0 when it does not run."""

    name: str
    role: Literal["init", "sidecar", "app"]
    state: Literal["waiting", "running", "terminated"]
    ready: bool
    restarts: int
    pid: int
    exit_code: int | None = None
    reason: str = ""
    message: str = ""


class PodStatus(msgspec.Struct, frozen=True):
    """One pod at one moment."""

    namespace: str
    name: str
    address: str
    phase: Literal["Pending", "Running", "Succeeded", "Failed"]
    ready: bool
    containers: tuple[ContainerStatus, ...]
    message: str = ""

    def container(self, name: str) -> ContainerStatus:
        """The container of that name; KeyError when there is none."""
        for container in self.containers:
            if container.name == name:
                return container
        raise KeyError(name)


class ExecResult(msgspec.Struct, frozen=True):
    """How a command ended: its exit code (negative: the signal that ended it) and what it wrote."""

    rc: int
    stdout: bytes
    stderr: bytes


class Segment(msgspec.Struct, frozen=True):
    """The payload of one captured TCP segment."""

    src: str
    dst: str
    sport: int
    dport: int
    seq: int
    payload: bytes


class WorldEvent(msgspec.Struct, frozen=True):
    """Something that happened in the world, in the past tense (`container-started`), and to whom."""

    what: str
    cluster: str = ""
    pod: str = ""
    container: str = ""
    detail: str = ""
