"""Addresses and ports of Services, given at the moment a Service is written.

They are in the stored objects and nowhere else, so they survive whatever the process survives. Wording and
rules are those of the Kubernetes API server (`pkg/registry/core/service`): clusterIP and nodePort are kept
over updates that leave them out, and a type that needs none loses them.
"""

from typing import Any

from convoy.cluster.store import Store

Object = dict[str, Any]


class ServiceAllocator:
    """Hands out one cluster's ClusterIPs and node ports."""

    def __init__(self, store: Store, service_cidr: str) -> None:
        self._store = store
        self._cidr = service_cidr

    def allocate(self, service: Object, old: Object | None, *, dry_run: bool = False) -> Object:
        """A copy of a defaulted Service with every address and port that it needs, and none that it does not.

        `old` is the stored one, None for a create. Raises StatusError (422, with the known words) for an
        address or port that is taken or out of range. To be called after mutating admission, before
        validation; what was handed out stays reserved for its Service's name until the write had its time.
        """
        raise NotImplementedError
