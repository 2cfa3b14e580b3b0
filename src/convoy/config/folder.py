"""A folder's files as one set of objects, whatever order and state they come in; bytes in, changes out.

Bad input is refused, and what was accepted before stays: a file that does not parse keeps all its objects, an
object with problems keeps its previous version, also when it moved to another file at the same time. Equal
objects stay the same Python objects, so a comment in a file changes nothing but line numbers.
"""

import itertools

import msgspec

from convoy.api import codes
from convoy.api.meta import ObjectKey
from convoy.api.problems import Problem, sort_problems
from convoy.api.reading import FileReading, read_objects
from convoy.config.contents import Contents, ContentsChange, Located
from convoy.config.origins import Origin
from convoy.kit.digests import digest


class _File(msgspec.Struct, frozen=True):
    """The accepted objects of a file, the keys of those it holds but that were refused, and its problems."""

    content: str = ""
    accepted: dict[ObjectKey, Located] = {}
    refused: frozenset[ObjectKey] = frozenset()
    problems: tuple[Problem, ...] = ()


class Folder:
    """Files by name; `contents` says what they amount to, `take_change` what became of that."""

    def __init__(self, *, cluster: str = "") -> None:
        self._cluster = cluster
        self._files: dict[str, _File] = {}
        self._mentions: dict[ObjectKey, set[str]] = {}
        """The files in which an object is, accepted or refused."""
        self._in_force: dict[ObjectKey, Located] = {}
        self._repeated: dict[ObjectKey, tuple[Problem, ...]] = {}
        """What is wrong with objects that are in several files."""
        self._unsettled: dict[ObjectKey, None] = {}
        """Objects of files that changed; what is in force of them is decided when it is asked for."""
        self._untold: dict[ObjectKey, None] = {}
        self._has_other_problems = False
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
        before = self._files.pop(file, None)
        if before is not None:
            self._compare(file, before, _File())
            self.revision += 1

    def contents(self) -> Contents:
        """The objects of all files. Of one object in two files the first file, by name, counts."""
        self._settle()
        return Contents(dict(self._in_force), self._all_problems())

    def take_change(self) -> ContentsChange:
        """What became of the contents since the last call."""
        self._settle()
        objects = {key: self._in_force.get(key) for key in self._untold}
        problems = self._all_problems() if self._has_other_problems else None
        self._untold, self._has_other_problems = {}, False
        return ContentsChange(objects, problems)

    def _set(self, file: str, state: _File) -> None:
        before = self._files.get(file)
        if before != state:
            self._files[file] = state
            self._compare(file, before or _File(), state)
            self.revision += 1

    def _compare(self, file: str, before: _File, after: _File) -> None:
        """Note what of a file is other than before."""
        self._has_other_problems |= before.problems != after.problems
        if before.accepted is after.accepted and before.refused is after.refused:
            return
        old, new = before.accepted.keys() | before.refused, after.accepted.keys() | after.refused
        for key in old - new:
            files = self._mentions[key]
            files.discard(file)
            if not files:
                del self._mentions[key]
        for key in new - old:
            self._mentions.setdefault(key, set()).add(file)
        self._unsettled |= dict.fromkeys(old | new)

    def _settle(self) -> None:
        """Decide what is in force of the objects that files spoke of since the last time."""
        for key in self._unsettled:
            names = sorted(self._mentions.get(key, ()))
            states = [self._files[name] for name in names]
            found = [state.accepted[key] for state in states if key in state.accepted]
            self._note_repetition(key, found)
            if found:
                self._in_force[key] = self._same_object(key, found[0])
            elif not names:
                self._in_force.pop(key, None)
            # Else it is refused wherever it is: what was in force stays.
        self._untold |= self._unsettled
        self._unsettled = {}

    def _note_repetition(self, key: ObjectKey, found: list[Located]) -> None:
        repeated = tuple(_duplicate(key, each, found[0]) for each in found[1:])
        if repeated != self._repeated.get(key, ()):
            self._has_other_problems = True
            self._repeated.pop(key, None)
            if repeated:
                self._repeated[key] = repeated

    def _same_object(self, key: ObjectKey, found: Located) -> Located:
        last = self._in_force.get(key)
        return Located(last.obj, found.origin) if last is not None and last.obj == found.obj else found

    def _all_problems(self) -> tuple[Problem, ...]:
        of_files = (state.problems for state in self._files.values())
        found = itertools.chain.from_iterable((*of_files, *self._repeated.values()))
        return sort_problems(map(self._in_cluster, found))

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
