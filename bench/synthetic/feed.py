"""The synthetic objects as a cluster's API server tells them: pages of lists, then events of a watch.

They are written as JSON by whoever measures and read by the process that is measured, so that decoding them
is part of the figures and making them is not.
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from bench.synthetic.manifests import Manifest
from convoy.config.kube.listings import Json, WatchEvent

# What a client asks an API server for at a time.
_PAGE = 500
_CREATED = "2026-01-01T00:00:00Z"


class Revisions:
    """Numbers writes, as an API server does."""

    def __init__(self) -> None:
        self._last = 0

    def stored(self, manifest: Manifest) -> Manifest:
        """An object with what an API server adds."""
        self._last += 1
        named = manifest["metadata"]
        metadata = {
            **named,
            "uid": f"{manifest['kind']}/{named.get('namespace')}/{named['name']}",
            "creationTimestamp": _CREATED,
            "resourceVersion": str(self._last),
            "generation": self._last,
        }
        return {**manifest, "metadata": metadata}

    def event(self, kind_of_event: str, manifest: Manifest) -> bytes:
        """ADDED, MODIFIED or DELETED, as a line of a watch."""
        return msgspec.json.encode({"type": kind_of_event, "object": self.stored(manifest)})


def write_lists(folder: Path, manifests: Iterable[Manifest], revisions: Revisions) -> None:
    """Write a file for each kind, one page of its list a line."""
    by_kind: dict[str, list[Manifest]] = {}
    for manifest in manifests:
        by_kind.setdefault(manifest["kind"], []).append(revisions.stored(manifest))
    folder.mkdir(exist_ok=True)
    for kind, objects in by_kind.items():
        pages = (objects[start : start + _PAGE] for start in range(0, len(objects), _PAGE))
        (folder / f"{kind}.jsonl").write_bytes(b"".join(msgspec.json.encode(page) + b"\n" for page in pages))


def read_list(folder: Path, kind: str) -> list[Json]:
    """All objects of a kind."""
    path = folder / f"{kind}.jsonl"
    items: list[Json] = []
    if path.exists():
        with path.open("rb") as file:
            for line in file:
                items += msgspec.json.decode(line)
    return items


def read_event(line: bytes) -> WatchEvent:
    """An event from its line."""
    return msgspec.json.decode(line, type=WatchEvent)
