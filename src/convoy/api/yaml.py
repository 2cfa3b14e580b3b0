"""YAML (and JSON) text to plain data, with the line of every value.

Scalars mean what they mean to kubectl, which reads YAML 1.1 through go-yaml: `yes`, `on` and `y` are
booleans, `0777` is octal, dates stay text, and keys that are numbers or booleans become text. A file that
Convoy accepts is therefore one that a cluster accepts, and the other way round. What Kubernetes leaves to
chance is refused here: a key given twice, aliases that unfold to huge documents, unknown tags.

Works on the parser's events instead of its node trees: one pass, and nesting is bounded before it can hurt.

libyaml refuses a colon before a bracket or comma, as in `[10.0.0.1, 2001:db8::]`; to go-yaml it is a part of
the text, as every colon without a space behind it. Such colons are read as a character that the file does not
have, which turns back into a colon in every value (`plain_colons`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import yaml

from convoy.api import codes
from convoy.api.paths import child_path, item_path, quote
from convoy.api.plain_colons import PlainColons
from convoy.api.problems import Problem
from convoy.api.scalars import resolve_scalar

LARGEST_FILE = 16 * 1024 * 1024
_DEEPEST = 100
_MOST_NODES = 1_000_000


class Document(msgspec.Struct, frozen=True):
    """One document: plain data with text keys, and the line (from 1) by field path ("": of the document).

    The contents of an alias or merge have no lines of their own: they are where the alias is.
    """

    data: Any
    lines: Mapping[str, int]
    problems: tuple[Problem, ...] = ()
    has_nulls: bool = False


def parse_yaml(content: bytes) -> tuple[list[Document], list[Problem]]:
    """Every document of a file that is not empty, and what is wrong with the file as a whole.

    With problems of the file there are no documents: a file is read whole or not at all. Problems that leave
    the structure known, such as a key given twice, are in their documents. Never raises for any content.
    """
    if len(content) > LARGEST_FILE:
        return [], [_fault(1, f"the file is larger than {LARGEST_FILE >> 20} MiB.", "Split it.")]
    try:
        text = content.decode()
    except UnicodeDecodeError as e:
        line = content.count(b"\n", 0, e.start) + 1
        return [], [_fault(line, "the file is not UTF-8 text.", "Save it as UTF-8.")]
    try:
        return _compose_all(text), []
    except _RefusedError as e:
        return [], [_fault(e.line, e.message, e.remedy)]
    except yaml.YAMLError as e:
        document = _parse_json(content)
        return ([document], []) if document else ([], [_syntax_problem(e, content)])


class _RefusedError(Exception):
    """Ends the reading of a file; becomes a Problem."""

    def __init__(self, line: int, message: str, remedy: str) -> None:
        super().__init__(message)
        self.line, self.message, self.remedy = line, message, remedy


def _compose_all(text: str) -> list[Document]:
    colons = PlainColons(text)
    while True:
        try:
            return list(_compose_each(colons))
        except yaml.scanner.ScannerError as e:
            if not colons.take(e):
                raise


def _compose_each(colons: PlainColons) -> Iterator[Document]:
    events = yaml.parse(colons.text, Loader=yaml.CSafeLoader)
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            document = _Composer(events, colons).compose()
            if document.data is not None:
                yield document


class _Anchored(msgspec.Struct, frozen=True):
    value: Any
    size: int


class _Composer:
    """Reads one document from the events after its start."""

    def __init__(self, events: Iterator[Any], colons: PlainColons) -> None:
        self._events = events
        self._colons = colons
        self._lines: dict[str, int] = {}
        self._problems: list[Problem] = []
        self._anchors: dict[str, _Anchored] = {}
        self._nodes = 0
        self._has_nulls = False

    def compose(self) -> Document:
        data = self._node(next(self._events), "", 0)
        return Document(data, self._lines, tuple(self._problems), self._has_nulls)

    def _node(self, event: Any, path: str, depth: int) -> Any:
        line = event.start_mark.line + 1
        self._lines[path] = line
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor, line)
        before = self._nodes
        self._count(1, line)
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event, path)
        elif depth == _DEEPEST:
            raise _RefusedError(line, f"it is nested deeper than {_DEEPEST} levels.", "Flatten it.")
        elif isinstance(event, yaml.MappingStartEvent):
            value = self._mapping(path, depth + 1)
        else:
            value = self._sequence(path, depth + 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, self._nodes - before)
        return value

    def _alias(self, name: str | None, line: int) -> Any:
        anchored = self._anchors.get(name or "")
        if anchored is None:
            remedy = f'Write "&{name}" before the value it stands for, above this line.'
            raise _RefusedError(line, f'the alias "*{name}" stands for nothing.', remedy)
        self._count(anchored.size, line)
        return anchored.value

    def _count(self, nodes: int, line: int) -> None:
        self._nodes += nodes
        if self._nodes > _MOST_NODES:
            message = f"the document unfolds to more than {_MOST_NODES} values."
            raise _RefusedError(line, message, "Split it, or use fewer aliases.")

    def _sequence(self, path: str, depth: int) -> list[Any]:
        items: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, item_path(path, len(items)), depth))
        return items

    def _mapping(self, path: str, depth: int) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            line = event.start_mark.line + 1
            if _is_merge(event):
                self._merge(merged, self._node(next(self._events), path + "<<", depth), line)
                continue
            key = self._key(event, line)
            key_path = child_path(path, key)
            if key in entries:
                self._problems.append(_duplicate(key, key_path, line=line, first=self._lines[key_path]))
                first = self._lines[key_path]
                self._node(next(self._events), key_path, depth)
                self._lines[key_path] = first
                continue
            entries[key] = self._node(next(self._events), key_path, depth)
            self._lines[key_path] = line
        return merged | entries if merged else entries

    def _merge(self, merged: dict[str, Any], value: Any, line: int) -> None:
        sources = value if isinstance(value, list) else [value]
        for source in sources:
            if not isinstance(source, dict):
                message = '"<<" merges something that is not a mapping.'
                raise _RefusedError(line, message, 'Name a mapping after "<<", as in "<<: *defaults".')
            for key, entry in source.items():
                merged.setdefault(key, entry)

    def _key(self, event: Any, line: int) -> str:
        if isinstance(event, yaml.AliasEvent):
            key = self._alias(event.anchor, line)
        elif isinstance(event, yaml.ScalarEvent):
            key = self._scalar(event, "")
            if event.anchor is not None:
                self._anchors[event.anchor] = _Anchored(key, 1)
        else:
            raise _RefusedError(line, "a list or mapping is used as a key.", "Keys must be text.")
        if isinstance(key, bool):
            return "true" if key else "false"
        if isinstance(key, str | int | float):
            return str(key)
        raise _RefusedError(line, "a key is null or not a scalar.", "Keys must be text; quote it if it is.")

    def _scalar(self, event: Any, path: str) -> Any:
        try:
            written = self._colons.restore(event.value)
            value = resolve_scalar(written, tag=event.tag, is_plain=event.implicit[0])
        except ValueError as e:
            raise _RefusedError(event.start_mark.line + 1, f"{e}.", "Remove the tag.") from None
        if value is None:
            self._has_nulls = True
        return value


def _is_merge(event: Any) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.implicit[0]


def _parse_json(content: bytes) -> Document | None:
    """JSON may hold escapes (surrogate pairs) that YAML does not know: then lines are lost, not the file."""
    if content.lstrip()[:1] != b"{":
        return None
    try:
        return Document(msgspec.json.decode(content), {"": 1}, has_nulls=True)
    except (msgspec.DecodeError, RecursionError):
        return None


def _fault(line: int, message: str, remedy: str) -> Problem:
    return Problem(code=codes.YAML_SYNTAX, line=line, message=message, remedy=remedy)


def _duplicate(key: str, path: str, *, line: int, first: int) -> Problem:
    message = f"the key {quote(key)} is given twice; line {first} has it, too."
    return Problem(
        code=codes.DUPLICATE_KEY, line=line, field=path, message=message, remedy="Remove one of them."
    )


def _syntax_problem(error: yaml.YAMLError, content: bytes) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return _fault(1, "not valid YAML: it has characters that YAML does not allow.", "Remove them.")
    lines = content.split(b"\n")
    text = lines[mark.line] if mark.line < len(lines) else b""
    if b"\t" in text[: len(text) - len(text.lstrip())]:
        return _fault(mark.line + 1, "not valid YAML: it is indented with a tab.", "Indent with spaces.")
    sentence = ", ".join(
        part for part in (getattr(error, "context", ""), getattr(error, "problem", "")) if part
    )
    return _fault(
        mark.line + 1, f"not valid YAML: {sentence}.", "Check indentation, quotes and colons near here."
    )
