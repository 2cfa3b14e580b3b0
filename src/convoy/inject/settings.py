"""What injection needs to know of the installation."""

import msgspec


class InjectionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster's injection. `mark`: the mark on sockets that the sidecar's capture leaves alone."""

    cluster_id: str
    network: str = ""
    trust_domain: str = "cluster.local"
    discovery_host: str = "istiod.istio-system.svc"
    image: str = "convoy/proxy"
    mark: int = 1337
    revision: str = "default"
    token_seconds: int = 43200
    search_domain: str = "global"
    """Appended to the pods' search lists, alone and below the pod's namespace."""
