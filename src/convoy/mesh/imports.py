"""What an egress listener imports: `<namespace>/<host>`, each part possibly a wildcard.

`.` is the namespace of the workload (not of the Sidecar, which may be the root namespace's), `*` every one,
`~` none.
"""

from collections.abc import Iterable

from convoy.mesh.hosts import covers, is_wildcard, narrower

_EVERY, _NONE, _OWN = "*", "~", "."


class Imports:
    """The hosts of an egress listener, for workloads of one namespace."""

    def __init__(self, hosts: Iterable[str], namespace: str) -> None:
        self._exact: set[tuple[str, str]] = set()
        self._wildcards: dict[str, list[str]] = {}
        self._patterns: dict[str, list[str]] = {}
        for written in hosts:
            owner, _, host = written.lower().rpartition("/")
            if owner == _NONE:
                continue
            owner = namespace if owner == _OWN else owner or _EVERY
            self._patterns.setdefault(owner, []).append(host)
            if is_wildcard(host):
                self._wildcards.setdefault(owner, []).append(host)
            else:
                self._exact.add((owner, host))

    def admits(self, host: str, namespace: str) -> bool:
        """Whether a service of that host and namespace is imported: it must be covered whole."""
        if (namespace, host) in self._exact or (_EVERY, host) in self._exact:
            return True
        patterns = (*self._wildcards.get(namespace, ()), *self._wildcards.get(_EVERY, ()))
        return any(covers(pattern, host) for pattern in patterns)

    def meets(self, hosts: Iterable[str], namespace: str) -> bool:
        """Whether rules of that namespace for these hosts are imported: one in common is enough."""
        patterns = (*self._patterns.get(namespace, ()), *self._patterns.get(_EVERY, ()))
        return any(narrower(pattern, host) for host in hosts for pattern in patterns)
