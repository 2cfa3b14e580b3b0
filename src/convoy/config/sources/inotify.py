"""Linux' inotify for asyncio: which files in some folders were written, replaced or removed.

Python's library has no binding and the three calls are stable for decades, so they are made directly.
"""

import asyncio
import ctypes
import enum
import os
import struct

import msgspec

_CLOSE_WRITE = 0x008
_MODIFY = 0x002
_MOVED_FROM = 0x040
_MOVED_TO = 0x080
_CREATE = 0x100
_DELETE = 0x200
_ATTRIB = 0x004
_OVERFLOW = 0x4000
_IGNORED = 0x8000
_ONLY_FOLDERS = 0x01000000
_MASK = _CLOSE_WRITE | _MODIFY | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _ATTRIB | _ONLY_FOLDERS

_HEADER = struct.Struct("iIII")
_libc = ctypes.CDLL(None, use_errno=True)


class Change(enum.Enum):
    """A writer wrote and still has the file open; or the file is complete or gone; or something else."""

    WRITTEN = "written"
    COMPLETED = "completed"
    OTHER = "other"


class FileEvent(msgspec.Struct, frozen=True):
    """Something happened to a path. An empty path says that events were lost."""

    path: str
    change: Change


class Inotify:
    """Watches folders. OSError from the constructor and `add` when the system's limits are reached."""

    def __init__(self) -> None:
        self._fd = _checked(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        self._folders: dict[int, str] = {}
        self._readable = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._fd, self._readable.set)

    def close(self) -> None:
        """Give the descriptor back; once."""
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)

    def add(self, folder: str) -> bool:
        """Watch a folder, not those in it; whether it was not watched yet. One that vanished is skipped."""
        try:
            watch = _checked(_libc.inotify_add_watch(self._fd, os.fsencode(folder), _MASK))
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return False
        is_new = watch not in self._folders
        self._folders.setdefault(watch, folder)
        return is_new

    async def wait_readable(self) -> None:
        """Wait until there are events to read."""
        await self._readable.wait()

    def read_nowait(self) -> list[FileEvent]:
        """The events so far; none when there are none."""
        self._readable.clear()
        events: list[FileEvent] = []
        while True:
            try:
                data = os.read(self._fd, 65536)
            except BlockingIOError:
                return events
            offset = 0
            while offset < len(data):
                watch, mask, _, length = _HEADER.unpack_from(data, offset)
                name = data[offset + _HEADER.size : offset + _HEADER.size + length].rstrip(b"\0")
                offset += _HEADER.size + length
                events += self._event(watch, mask, os.fsdecode(name))

    def _event(self, watch: int, mask: int, name: str) -> list[FileEvent]:
        if mask & _OVERFLOW:
            return [FileEvent("", Change.OTHER)]
        folder = self._folders.get(watch)
        if mask & _IGNORED:
            self._folders.pop(watch, None)
        if folder is None:
            return []
        path = os.path.join(folder, name) if name else folder
        return [FileEvent(path, _change(mask))]


def _change(mask: int) -> Change:
    if mask & (_CLOSE_WRITE | _DELETE | _MOVED_FROM | _MOVED_TO):
        return Change.COMPLETED
    return Change.WRITTEN if mask & _MODIFY else Change.OTHER


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
