"""Where the content of a PersistentVolumeClaim is: always a folder in the cluster's own one.

A volume that was made for a claim names its folder. One made by hand, of whatever kind, gets one here: this
machine's folders are not for pods to write in because a manifest says so.
"""

from pathlib import Path
from typing import Any

from convoy.cluster.kubelet.folders import Folders
from convoy.cluster.kubelet.limits import is_below
from convoy.cluster.kubelet.pods import MountRefusedError
from convoy.cluster.machinery.resources import ResourceTable
from convoy.cluster.registry.registry import Registry


class Claims:
    """Finds the folders of claims. `cluster` is the cluster's folder."""

    def __init__(self, registry: Registry, folders: Folders, cluster: Path) -> None:
        self._registry = registry
        self._folders = folders
        self._cluster = str(cluster)
        resources: ResourceTable = registry.resources
        self._claims = resources.stored("persistentvolumeclaims")
        self._volumes = resources.stored("persistentvolumes")

    def folder(self, namespace: str, name: str) -> str:
        """The folder of a claim, made if need be; MountRefusedError while there is none for it."""
        claim = self._registry.find(self._claims, namespace, name)
        if claim is None:
            raise MountRefusedError(f'persistentvolumeclaim "{name}" not found')
        volume_name = str((claim.object.get("spec") or {}).get("volumeName") or "")
        volume = self._registry.find(self._volumes, "", volume_name) if volume_name else None
        phase = (claim.object.get("status") or {}).get("phase")
        if volume is None or phase != "Bound":
            raise MountRefusedError(f'persistentvolumeclaim "{name}" has no volume yet')
        return self._folder_of(volume.object)

    def _folder_of(self, volume: dict[str, Any]) -> str:
        path = str((volume["spec"].get("hostPath") or {}).get("path") or "")
        if path and is_below(path, [f"{self._cluster}/volumes"]):
            return self._folders.open_volume(Path(path))
        return self._folders.make_volume(volume["metadata"]["uid"])

    def volumes(self) -> set[str]:
        """The uids of all volumes."""
        return {stored.object["metadata"]["uid"] for stored in self._registry.list(self._volumes)}
