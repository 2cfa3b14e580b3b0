"""Who gives Services their addresses: the network, asked by the registry at every write of a Service."""

from collections.abc import Iterable
from typing import Any, Protocol


class ServiceAllocator(Protocol):
    """Keeps nothing itself: what is taken is what the Services say."""

    def allocate(
        self, service: dict[str, Any], *, old: dict[str, Any] | None, others: Iterable[dict[str, Any]]
    ) -> dict[str, Any]:
        """The Service with the cluster addresses and node ports it lacks, in a copy where it changes.

        `old` is the same Service as kept so far, `others` all other ones. Raises StatusError (422) for an
        address or port that is taken or out of range.
        """
