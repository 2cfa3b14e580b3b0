"""What a node's pods have in common: the API, the network, the folders, and who is told what."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from convoy.cluster.kubelet.events import EventWriter
from convoy.cluster.kubelet.folders import Folders
from convoy.cluster.kubelet.networks import PodNetwork
from convoy.cluster.kubelet.references import RegistryObjects
from convoy.cluster.kubelet.sandboxing import SandboxMaker
from convoy.cluster.kubelet.settings import NodeSettings
from convoy.cluster.machinery.requests import WriteOptions, system_user
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.registry.registry import Registry
from convoy.cluster.tokens import TokenIssuer
from convoy.kit.clock import Clock


@dataclass(frozen=True, slots=True)
class Tools:
    """Shared by the workers of one node's pods."""

    node: NodeSettings
    registry: Registry
    pods: Resource
    network: PodNetwork
    issuer: TokenIssuer
    maker: SandboxMaker
    folders: Folders
    objects: RegistryObjects
    events: EventWriter
    service_variables: Callable[[str, bool], Mapping[str, str]]  # of a namespace, with its Services or not
    allocatable: Mapping[str, str]
    can_change_user: bool
    clock: Clock

    def options(self) -> WriteOptions:
        """How this kubelet writes."""
        return WriteOptions(user=system_user(f"node:{self.node.name}"), manager="kubelet", is_internal=True)
