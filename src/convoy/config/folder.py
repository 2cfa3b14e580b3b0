"""A folder's files as one set of objects, whatever order and state they come in; bytes in, Contents out.

Bad input is refused, and what was accepted before stays: a file that does not parse keeps all its objects, an
object with problems keeps its previous version, also when it moved to another file at the same time. Equal
objects stay the same Python objects, so a comment in a file changes nothing but line numbers.
"""

import msgspec

from convoy.api import codes
from convoy.api.meta import ObjectKey
from convoy.api.problems import Problem, sort_problems
from convoy.api.reading import FileReading, read_objects
from convoy.config.contents import Contents, Located
from convoy.config.origins import Origin
from convoy.kit.digests import digest


class _File(msgspec.Struct, frozen=True):
    """The accepted objects of a file, the keys of those it holds but that were refused, and its problems."""

    content: str = ""
    accepted: dict[ObjectKey, Located] = {}
    refused: frozenset[ObjectKey] = frozenset()
    problems: tuple[Problem, ...] = ()


class Folder:
    """Files by name; `contents` says what they amount to."""

    def __init__(self, *, cluster: str = "") -> None:
        self._cluster = cluster
        self._files: dict[str, _File] = {}
        self._last: dict[ObjectKey, Located] = {}
        self.revision = 0
        """Grows with every change of what a file holds."""

    def files(self) -> list[str]:
        """The names of all files it knows."""
        return sorted(self._files)

    def read(self, file: str, content: bytes) -> None:
        """A file has this content now."""
        before, new = self._files.get(file, _File()), digest(content)
        if before.content == new:
            return
        reading = read_objects(content, file=file)
        if reading.problems:
            self._set(file, msgspec.structs.replace(before, content=new, problems=reading.problems))
        else:
            self._set(file, _accept(reading, new))

    def fail(self, file: str, reason: str) -> None:
        """A file or folder cannot be read now; what it held stays."""
        message = f"cannot be read: {reason}. What it held before stays in force."
        problem = Problem(code=codes.UNREADABLE, file=file, message=message, remedy="Make it readable.")
        before = self._files.get(file, _File())
        self._set(file, msgspec.structs.replace(before, content="", problems=(problem,)))

    def forget(self, file: str) -> None:
        """A file is gone."""
        if self._files.pop(file, None) is not None:
            self.revision += 1

    def contents(self) -> Contents:
        """The objects of all files. Of one object in two files the first file, by name, counts."""
        winners: dict[ObjectKey, Located] = {}
        problems: list[Problem] = []
        for name in self.files():
            problems += self._files[name].problems
            for key, found in self._files[name].accepted.items():
                if key in winners:
                    problems.append(_duplicate(key, found, winners[key]))
                else:
                    winners[key] = self._same_object(key, found)
        for state in self._files.values():
            for key in state.refused:
                if key not in winners and key in self._last:
                    winners[key] = self._last[key]
        self._last = winners
        return Contents(winners, sort_problems(self._in_cluster(problem) for problem in problems))

    def _set(self, file: str, state: _File) -> None:
        if self._files.get(file) != state:
            self._files[file] = state
            self.revision += 1

    def _same_object(self, key: ObjectKey, found: Located) -> Located:
        last = self._last.get(key)
        return Located(last.obj, found.origin) if last is not None and last.obj == found.obj else found

    def _in_cluster(self, problem: Problem) -> Problem:
        return msgspec.structs.replace(problem, cluster=self._cluster) if self._cluster else problem


def _accept(reading: FileReading, content: str) -> _File:
    accepted: dict[ObjectKey, Located] = {}
    refused: set[ObjectKey] = set()
    problems = list(reading.all_problems())
    for read in reading.objects:
        if read.key is None:
            continue
        if read.obj is None:
            if read.is_refused:
                refused.add(read.key)
            continue
        found = Located(read.obj, Origin(reading.file, read.lines))
        if read.key in accepted:
            problems.append(_duplicate(read.key, found, accepted[read.key]))
        else:
            accepted[read.key] = found
    return _File(content, accepted, frozenset(refused), tuple(problems))


def _duplicate(key: ObjectKey, second: Located, first: Located) -> Problem:
    is_equal = second.obj == first.obj
    place = f"{first.origin.file}:{first.origin.line()}" if first.origin else "another place"
    return Problem(
        code=codes.REPEATED_OBJECT if is_equal else codes.DUPLICATE_OBJECT,
        key=key,
        file=second.origin.file if second.origin else "",
        line=second.origin.line() if second.origin else 0,
        message=f"the object is also in {place}{'' if is_equal else ', which counts'}.",
        remedy="Remove one of them.",
    )
