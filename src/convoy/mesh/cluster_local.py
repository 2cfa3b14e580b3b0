"""serviceSettings: services that only their own cluster may call."""

from functools import lru_cache

from convoy.mesh.hosts import HostTable
from convoy.mesh.model import MeshSettings


def is_cluster_local(host: str, settings: MeshSettings) -> bool:
    """Whether other clusters may not call a host; of several settings that for the narrowest host counts."""
    if not settings.cluster_local_hosts:
        return False
    return bool(_table(settings.cluster_local_hosts).find(host))


@lru_cache(maxsize=4)
def _table(hosts: tuple[tuple[str, bool], ...]) -> HostTable[bool]:
    return HostTable(hosts)
