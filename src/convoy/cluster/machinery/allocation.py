"""Who gives Services their addresses: the network, asked by the registry at every write of a Service."""

from typing import Any, Protocol


class ServiceAllocator(Protocol):
    """What is taken is what the stored Services say, and what was handed out to writes under way."""

    def allocate(
        self, service: dict[str, Any], *, old: dict[str, Any] | None, dry_run: bool = False
    ) -> dict[str, Any]:
        """The Service with the cluster addresses and node ports it lacks, in a copy.

        `old` is the same Service as kept so far. Raises StatusError (422) for an address or port that is
        taken or out of range. To be called after mutating admission and before validation; what was handed
        out stays reserved for the Service's name until `settle`, because a write may wait for webhooks.
        """

    def settle(self, namespace: str, name: str) -> None:
        """The write that `allocate` was called for has ended, in whichever way; deletions need no word."""
