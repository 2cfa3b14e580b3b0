"""Break one thing on purpose, in a copy of the samples, to see that the right row of the table fails.

Each sabotage is a mistake a user could make. `row` is the name of the check that must notice it.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from convoy.cli.local.errors import LocalMeshError


class Sabotage(msgspec.Struct, frozen=True):
    """A mistake: what it is, how it is made in the staged folders, and which check notices."""

    about: str
    row: str
    edit: Callable[[Path], None] | None = None
    foreign_root: str = ""
    """The cluster whose certificates come from a root of its own."""


def _remove(staged: Path, name: str) -> None:
    try:
        (staged / name).unlink()
    except FileNotFoundError:
        raise _nothing_to_break(name) from None


def _replace(staged: Path, name: str, old: str, new: str) -> None:
    path = staged / name
    text = path.read_text() if path.exists() else ""
    if old not in text:
        raise _nothing_to_break(f"{name} with {old!r}")
    path.write_text(text.replace(old, new))


def _nothing_to_break(what: str) -> LocalMeshError:
    return LocalMeshError(f"There is no {what} to break: use this sabotage with samples/bookinfo as it is.")


SABOTAGES = {
    "no-virtual-service": Sabotage(
        about="cluster1 has no VirtualService for reviews",
        row="routing",
        edit=lambda staged: _remove(staged, "cluster1/reviews-virtual-service.yaml"),
    ),
    "no-remote-destination-rule": Sabotage(
        about="cluster2 has no DestinationRule for reviews",
        row="subsets",
        edit=lambda staged: _remove(staged, "cluster2/reviews-destination-rule.yaml"),
    ),
    "tls-disable": Sabotage(
        about="cluster1's DestinationRule for reviews.default.global says tls mode DISABLE",
        row="mutual-tls",
        edit=lambda staged: _replace(
            staged, "cluster1/reviews-global.yaml", "mode: ISTIO_MUTUAL", "mode: DISABLE"
        ),
    ),
    "foreign-root": Sabotage(
        about="cluster2's certificates come from another root", row="one-root", foreign_root="cluster2"
    ),
    "wrong-subset-label": Sabotage(
        about="cluster2's DestinationRule maps subset v2 to a label that no pod has",
        row="subsets",
        edit=lambda staged: _replace(
            staged, "cluster2/reviews-destination-rule.yaml", "version: v2", "version: v2-typo"
        ),
    ),
}
