"""Objects from a folder of YAML and JSON files, kept up to date while it changes.

inotify says when to look and which file is still being written: such a file is read when its writer closes
it, so that `command > file`, which empties the file first, does not remove its objects for a moment. What to
read is decided by looking at the whole folder, every few seconds also unasked: some file systems give no
events.
"""

import asyncio
import contextlib
import os
from pathlib import Path

from convoy.config.errors import FolderError
from convoy.config.folder import Folder
from convoy.config.sources.inotify import Change, FileEvent, Inotify
from convoy.config.sources.scanning import Scan, Stamp, scan_folder
from convoy.config.store import Store
from convoy.kit.clock import SYSTEM_CLOCK, Clock
from convoy.kit.logs import get_logger

_SETTLE = 0.02
_SETTLE_AT_MOST = 0.2
_RESCAN = 2.0
# A writer may keep a file open for ever; after this long without a write the file is read as it is.
_WRITER_FORGOTTEN = 5.0

log = get_logger("config")


class FileSource:
    """The files under one folder. `cluster` is said in its problems."""

    def __init__(self, folder: Path, *, cluster: str = "", clock: Clock = SYSTEM_CLOCK) -> None:
        self._path = folder
        self._folder = Folder(cluster=cluster)
        self._clock = clock
        self._stamps: dict[str, Stamp] = {}
        self._being_written: dict[str, float] = {}
        self._published = -1

    async def run(self, store: Store) -> None:
        """Hand the folder's contents to the store, and then every change, for ever.

        FolderError when the folder cannot be read at the start; later that is a Problem.
        """
        scan = scan_folder(self._path)
        if str(self._path) in scan.unreadable:
            raise FolderError(f"{self._path} cannot be read: {scan.unreadable[str(self._path)]}.")
        watcher = _open_watcher()
        try:
            while True:
                self._refresh(_scan_watched(self._path, watcher))
                if self._published != self._folder.revision:
                    self._published = self._folder.revision
                    store.change(f"files:{self._path}", self._folder.take_change())
                await self._wait_change(watcher)
        finally:
            if watcher is not None:
                watcher.close()

    async def _wait_change(self, watcher: Inotify | None) -> None:
        """Return when something may have changed and is quiet again."""
        if watcher is None:
            await self._clock.sleep(_RESCAN)
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(watcher.wait_readable(), _RESCAN)
        start = self._clock.monotonic()
        while events := watcher.read_nowait():
            self._note(events)
            if self._clock.monotonic() - start >= _SETTLE_AT_MOST:
                return
            await self._clock.sleep(_SETTLE)

    def _note(self, events: list[FileEvent]) -> None:
        now = self._clock.monotonic()
        for event in events:
            if not event.path:
                self._stamps.clear()
            elif event.change is Change.WRITTEN:
                self._being_written[event.path] = now
            elif event.change is Change.COMPLETED:
                self._being_written.pop(event.path, None)
            self._stamps.pop(event.path, None)

    def _refresh(self, scan: Scan) -> None:
        """Read what changed. A file whose folder cannot be read now is not taken for removed."""
        self._forget_writers()
        for name in self._folder.files():
            if name not in scan.files and not _is_within(name, scan.unreadable):
                self._folder.forget(name)
                self._stamps.pop(name, None)
        for name, reason in scan.unreadable.items():
            self._folder.fail(name, reason)
        for name, stamp in scan.files.items():
            if self._stamps.get(name) != stamp and not self._has_writer(name):
                self._read(name, stamp)

    def _read(self, name: str, stamp: Stamp) -> None:
        try:
            self._folder.read(name, Path(name).read_bytes())
        except OSError as e:
            self._folder.fail(name, e.strerror or "unknown reason")
            self._stamps.pop(name, None)
        else:
            self._stamps[name] = stamp

    def _has_writer(self, name: str) -> bool:
        return name in self._being_written or os.path.realpath(name) in self._being_written

    def _forget_writers(self) -> None:
        now = self._clock.monotonic()
        current = {path: at for path, at in self._being_written.items() if now - at < _WRITER_FORGOTTEN}
        self._being_written = current


def _open_watcher() -> Inotify | None:
    try:
        return Inotify()
    except OSError as e:
        log.warning("file watching unavailable", reason=e.strerror, effect=f"looking every {_RESCAN:g} s")
        return None


def _scan_watched(path: Path, watcher: Inotify | None) -> Scan:
    """Look at the folder, with every folder in it watched before it was looked at."""
    scan = scan_folder(path)
    while watcher is not None and _watch_new(watcher, scan):
        scan = scan_folder(path)
    return scan


def _watch_new(watcher: Inotify, scan: Scan) -> bool:
    """Watch what a scan found; whether any of it was not watched before."""
    targets = {os.path.dirname(os.path.realpath(name)) for name in scan.files if os.path.islink(name)}
    is_new = False
    for folder in (*scan.folders, *sorted(targets)):
        try:
            is_new = watcher.add(folder) or is_new
        except OSError as e:
            log.warning("folder not watched", folder=folder, reason=e.strerror, effect="seen later")
    return is_new


def _is_within(name: str, unreadable: dict[str, str]) -> bool:
    return any(name == path or name.startswith(path + os.sep) for path in unreadable)
