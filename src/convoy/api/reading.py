"""A file's bytes to objects that can be used, and Problems for all that cannot.

The stages in their order: YAML, schema, meaning. Each reports everything it finds; an object that one stage
refuses is not seen by the next. One bad object costs only itself; only broken YAML costs the whole file.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from convoy.api.base import ApiObject
from convoy.api.decoding import Decoded, decode_document, decode_object
from convoy.api.meta import ObjectKey
from convoy.api.paths import nearest_line
from convoy.api.problems import Problem, has_errors
from convoy.api.validation import validate
from convoy.api.yaml import parse_yaml


class ReadObject(msgspec.Struct, frozen=True):
    """One object of a file. `obj` is None when it was refused or ignored; `key` says which, if known.

    `lines` has the line of each field path in the file.
    """

    obj: ApiObject | None
    key: ObjectKey | None
    problems: tuple[Problem, ...]
    lines: Mapping[str, int]

    @property
    def is_refused(self) -> bool:
        """Whether it has errors; an ignored object has none."""
        return has_errors(self.problems)


class FileReading(msgspec.Struct, frozen=True):
    """What a file holds. With `problems` of the file as a whole it has no objects."""

    file: str
    objects: tuple[ReadObject, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether the YAML could be parsed."""
        return not self.problems

    def all_problems(self) -> tuple[Problem, ...]:
        """Those of the file and those of its objects."""
        return (*self.problems, *(problem for read in self.objects for problem in read.problems))


def read_objects(content: bytes, *, file: str) -> FileReading:
    """The objects of a file, validated; `file` is its name in Problems. Never raises for any content."""
    documents, faults = parse_yaml(content)
    if faults:
        return FileReading(
            file, problems=tuple(msgspec.structs.replace(fault, file=file) for fault in faults)
        )
    decoded = [item for document in documents for item in decode_document(document)]
    return FileReading(file, tuple(_judge(item, file) for item in decoded))


def read_object(data: Any, *, has_nulls: bool = True) -> ReadObject:
    """One object that was no text, such as the API server's, by the same stages and with the same words.

    Its problems have neither file nor line. `has_nulls` False says that no null is in it, which is faster.
    """
    return _judge(decode_object(data, has_nulls=has_nulls), "")


def _judge(item: Decoded, file: str) -> ReadObject:
    problems = [msgspec.structs.replace(problem, file=file) for problem in item.problems]
    if item.obj is not None:
        problems += [
            msgspec.structs.replace(
                problem, file=file, line=nearest_line(item.lines, problem.field), key=item.key
            )
            for problem in validate(item.obj)
        ]
    accepted = item.obj if not has_errors(problems) else None
    return ReadObject(accepted, item.key, tuple(problems), item.lines)
