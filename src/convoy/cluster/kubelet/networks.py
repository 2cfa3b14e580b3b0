"""What a kubelet asks of its node's network: a namespace with an address for each pod.

Implemented by the part that owns bridges and addresses. A kubelet attaches a pod before its sandbox is made
and again whenever the sandbox had to be made anew; it detaches it once the sandbox is gone.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, order=True)
class PodKey:
    """One pod over its life; a pod made again under the same name has another `uid`."""

    namespace: str
    name: str
    uid: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class PodAddresses:
    """A pod's place in the network.

    `netns` is a descriptor of its network namespace, with loopback and eth0 up and routed; it belongs to the
    caller, who closes it. `pod_ips` and `host_ips` start with the primary one.
    """

    netns: int
    pod_ips: tuple[str, ...]
    host_ips: tuple[str, ...]


class PodNetwork(Protocol):
    """The network of one node."""

    @property
    def nameserver(self) -> str:
        """The address of the cluster's DNS, as pods reach it."""

    @property
    def host_nameservers(self) -> tuple[str, ...]:
        """The DNS servers for pods with dnsPolicy Default; may be the cluster's own."""

    @property
    def host_ip(self) -> str:
        """The node's own address (InternalIP), from which its pods are reached."""

    async def attach(self, pod: PodKey, *, wanted: str = "") -> PodAddresses:
        """Make the pod's namespace; WorldError when it cannot be made.

        The pod gets the address `wanted` if that is free or was its own before, otherwise another one. A pod
        that is attached already is detached first.
        """

    async def withdraw(self, pod: PodKey) -> None:
        """Return once no Service leads new connections to a pod that is being deleted, at most seconds later.

        For a kubelet to await between the pod's deletionTimestamp and its preStop hooks and SIGTERM:
        connections that exist go on, and those just made had time to be accepted.
        """

    async def detach(self, pod: PodKey) -> None:
        """Take the pod off the network and free its address; nothing happens when it is not attached."""
