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


class KubeClusterSpec(msgspec.Struct, frozen=True):
    """A cluster with an API server.

    It gets `nodes` nodes, in up to three zones. Ranges in CIDR form and the region are chosen where they are
    left empty, and remembered in the state folder. `ephemeral` keeps no objects.
    """

    name: str
    nodes: int = 1
    ephemeral: bool = False
    region: str = ""
    pod_cidr: str = ""
    service_cidr: str = ""


class KubeClusterInfo(msgspec.Struct, frozen=True):
    """A cluster as it runs: where its API server is reached from the host, and its addresses inside.

    `folder` holds what a kubeconfig is made of; `dns_address` is the ClusterIP of kube-dns.
    """

    name: str
    server: str
    folder: str
    nodes: tuple[str, ...]
    region: str
    pod_cidr: str
    service_cidr: str
    dns_address: str


class OutsideSpec(msgspec.Struct, frozen=True):
    """The network outside of all clusters; it serves `names` beside its own below `outside.test`."""

    names: tuple[str, ...] = ()


class OutsideInfo(msgspec.Struct, frozen=True):
    """What is outside: addresses by name, the address of its DNS, and the file with its root certificate."""

    names: dict[str, str]
    dns_address: str
    ca_file: str


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
