"""A node's folders on this machine: logs and emptyDirs of pods, and the content of persistent volumes.

nodes/NODE/pods/UID/volumes/NAME      an emptyDir, gone with its pod
nodes/NODE/pods/UID/logs/CONTAINER/   see `outputs`
volumes/by-hand/UID                   a PersistentVolume made by hand, of all nodes, gone with it
"""

import asyncio
import os
import shutil
from collections.abc import Collection
from pathlib import Path

from convoy.api.kube.core import Pod
from convoy.cluster.kubelet.networks import PodKey


class Folders:
    """Those of one node, below the cluster's own folder."""

    def __init__(self, cluster: Path, node: str) -> None:
        self._pods = cluster / "nodes" / node / "pods"
        self._by_hand = cluster / "volumes" / "by-hand"

    def logs(self, pod: PodKey) -> Path:
        """Where a pod's containers write."""
        return self._pods / pod.uid / "logs"

    def make_empty_dirs(self, key: PodKey, pod: Pod) -> dict[str, str]:
        """The folders of a pod's emptyDirs by volume; those in memory are the sandbox's."""
        made = {}
        for volume in pod.spec.volumes:
            if volume.empty_dir is not None and volume.empty_dir.get("medium") != "Memory":
                folder = self._pods / key.uid / "volumes" / volume.name
                made[volume.name] = str(_make(folder, mode=0o1777))
        return made

    def make_volume(self, uid: str) -> str:
        """The folder of a volume that was made by hand."""
        return str(_make(self._by_hand / uid, mode=0o1777))

    def open_volume(self, folder: Path) -> str:
        """The folder of a volume that was made for its claim, open to whatever user a pod runs as."""
        _make(folder, mode=0o1777)
        os.chmod(folder, 0o1777)
        return str(folder)

    async def remove_pod(self, key: PodKey) -> None:
        """Nothing of the pod is needed any more."""
        await asyncio.to_thread(shutil.rmtree, self._pods / key.uid, ignore_errors=True)

    async def remove_volume(self, uid: str) -> None:
        """A volume made by hand is gone, and its content with it."""
        await asyncio.to_thread(shutil.rmtree, self._by_hand / uid, ignore_errors=True)

    async def sweep(self, *, pods: Collection[str], volumes: Collection[str]) -> None:
        """Remove what belongs to pods and volumes that are gone; by uid."""
        for folder, kept in ((self._pods, pods), (self._by_hand, volumes)):
            for left in folder.iterdir() if folder.is_dir() else ():
                if left.name not in kept:
                    await asyncio.to_thread(shutil.rmtree, left, ignore_errors=True)


def _make(folder: Path, *, mode: int) -> Path:
    """The folder's own mode is for pods; those above are their owner's alone."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700)
    if folder in missing:
        os.chmod(folder, mode)
    return folder
