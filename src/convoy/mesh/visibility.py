"""exportTo: the namespaces whose proxies may see an object."""

from collections.abc import Iterable

from convoy.mesh.model import Part


class Visibility(Part, frozen=True, cache_hash=True):
    """Who sees an object: everyone, or the proxies of some namespaces."""

    everyone: bool
    namespaces: tuple[str, ...] = ()

    def allows(self, namespace: str) -> bool:
        """Whether proxies of this namespace see the object."""
        return self.everyone or namespace in self.namespaces

    def overlaps(self, other: "Visibility") -> bool:
        """Whether some namespace sees both objects."""
        if self.everyone:
            return other.everyone or bool(other.namespaces)
        return any(other.allows(namespace) for namespace in self.namespaces)


EVERYONE = Visibility(True)


def resolve_export_to(export_to: Iterable[str], own: str) -> Visibility:
    """`*` (or nothing) is everyone, `.` the object's own namespace, `~` nobody, else a namespace's name."""
    entries = tuple(export_to)
    if not entries or "*" in entries:
        return EVERYONE
    return Visibility(False, tuple(sorted({own if entry == "." else entry for entry in entries} - {"~"})))
