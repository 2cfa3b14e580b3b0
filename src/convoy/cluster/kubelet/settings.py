"""What a kubelet is told about its node and the machine around it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from convoy.cluster.kubelet.sandboxes import Sandbox
from convoy.cluster.types import ImageEntry

MakeSandbox = Callable[[int], Awaitable[Sandbox]]


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """One node.

    `folder` is the cluster's own folder, in which logs, volumes and claims are kept. `hidden` are folders
    that no pod may see, beside what `convoy.cluster.hiding` finds; `kept` are those that every pod must see
    wherever they lie. `images` gives the user's entries, asked anew for each container. `host_paths` are the
    folders that pods may mount by hostPath: none if the person at the keyboard names none.
    """

    name: str
    folder: Path
    hidden: tuple[str, ...]
    kept: tuple[str, ...]
    images: Callable[[], Sequence[ImageEntry]]
    region: str = ""
    zone: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    pod_cidr: str = ""
    host_paths: tuple[str, ...] = ()
    domain: str = "cluster.local"
