"""Makes the sandbox of a pod of the API: its network, its view of this machine, its volumes' folders."""

import os
from collections.abc import Callable

from convoy.api.kube.core import Pod
from convoy.cluster.hiding import hidden_from
from convoy.cluster.images import find_entry
from convoy.cluster.kubelet.claims import Claims
from convoy.cluster.kubelet.folders import Folders
from convoy.cluster.kubelet.names import build_hosts, build_resolv_conf, host_name
from convoy.cluster.kubelet.networks import PodAddresses, PodKey, PodNetwork
from convoy.cluster.kubelet.sandboxes import Sandbox
from convoy.cluster.kubelet.settings import MakeSandbox, NodeSettings
from convoy.cluster.kubelet.volumes import plan_volumes
from convoy.cluster.sandbox.plan import PodPlan


class SandboxMaker:
    """Makes the sandboxes of one node's pods."""

    def __init__(
        self,
        node: NodeSettings,
        *,
        network: PodNetwork,
        folders: Folders,
        make_sandbox: MakeSandbox,
        claims: Claims,
    ) -> None:
        self._node = node
        self._network = network
        self._folders = folders
        self._make_sandbox = make_sandbox
        self._claims = claims

    async def make(self, key: PodKey, pod: Pod, *, placed: Callable[[PodAddresses], Pod]) -> Sandbox:
        """A furnished sandbox; `placed` is told the pod's addresses and gives the pod as it is with them.

        Raises MountRefusedError for a volume that cannot be had, WorldError for anything else.
        """
        folders = self._volume_folders(key, pod)
        addresses = await self._network.attach(key, wanted=pod.status.pod_ip)
        pod = placed(addresses)
        try:
            sandbox = await self._make_sandbox(addresses.netns)
        except BaseException:
            os.close(addresses.netns)
            raise
        try:
            await sandbox.furnish(self._plan(pod, folders))
        except BaseException:
            await sandbox.close()
            raise
        return sandbox

    def _volume_folders(self, key: PodKey, pod: Pod) -> dict[str, str]:
        folders = self._folders.make_empty_dirs(key, pod)
        for volume in pod.spec.volumes:
            if volume.persistent_volume_claim is not None:
                name = str(volume.persistent_volume_claim.get("claimName"))
                folders[volume.name] = self._claims.folder(key.namespace, name)
        return folders

    def _plan(self, pod: Pod, folders: dict[str, str]) -> PodPlan:
        network = self._network
        kept = self.kept_for(pod)
        return {
            "hostname": host_name(pod),
            "hidden": [*self._node.hidden, *hidden_from(kept)],
            "kept": kept,
            "volumes": plan_volumes(pod, folders),
            "resolv_conf": build_resolv_conf(
                pod, network.nameserver, host_nameservers=network.host_nameservers, domain=self._node.domain
            ),
            "hosts": build_hosts(pod, domain=self._node.domain),
        }

    def kept_for(self, pod: Pod) -> list[str]:
        """What a pod must see of this machine: what every pod must, its programs, and what its images say."""
        kept = list(self._node.kept)
        for container in (*pod.spec.init_containers, *pod.spec.containers):
            entry = find_entry(container.image, self._node.images())
            if entry is not None:
                kept += [path for path in (*entry.keep, entry.cwd) if path not in ("", "/")]
            kept += [program for program in container.command[:1] if os.path.isabs(program)]
        return list(dict.fromkeys(kept))
