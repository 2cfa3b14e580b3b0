"""Remember what builders made, so that a change builds only what it touched.

The key is the builder and its parameters, which are frozen parts: a builder that reads anything else
would be served stale results. `checks=True` finds such builders: every hit builds once more and
compares.

Layers: pieces of large resources, resources, and the sets composed of them. A resource is remembered for as
long as some set has it. An unchanged set is one look-up, and what it was made of is not looked at. Therefore
what else is forgotten is found out as garbage is: a piece is kept while a set that was used lately consists
of it.
"""

from collections.abc import Callable, Hashable
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from weakref import WeakValueDictionary

import msgspec
from google.protobuf.message import Message

from convoy.mesh.memory import Inputs, identity_key
from convoy.xds.cache.encode import encode_resource
from convoy.xds.cache.resources import ENDPOINT, Resource, ResourceSet

P = ParamSpec("P")
T = TypeVar("T")
_Result = Resource | ResourceSet | bytes


class ImpureBuilderError(Exception):
    """A builder gave different results for equal parameters."""


class MemoStatistics(msgspec.Struct, frozen=True):
    """Counts since the memo was made, and the number of results it holds now."""

    built: int
    hits: int
    forgotten: int
    held: int


class _Entry(msgspec.Struct):
    result: Any
    used: int
    consists_of: list["_Entry"]


class Memo:
    """Results of pure builders, for as long as they are in use."""

    def __init__(self, *, checks: bool = False, keep_generations: int = 32) -> None:
        self._checks = checks
        self._keep = keep_generations
        self._generation = 0
        self._entries: dict[Hashable, _Entry] = {}
        self._resources: WeakValueDictionary[Hashable, Resource] = WeakValueDictionary()
        self._open: list[_Entry] = []
        self._built = self._hits = self._forgotten = self._encoded = 0

    def resource(
        self, type_url: str, builder: Callable[P, Message], *args: P.args, **kwargs: P.kwargs
    ) -> Resource:
        """The encoded message that a builder makes of these parts.

        Raises ImpureBuilderError when checking finds that equal parts gave another message before.
        """

        def build() -> Resource:
            message: Any = builder(*args, **kwargs)
            name = message.cluster_name if type_url == ENDPOINT else message.name
            return encode_resource(type_url, name, message)

        key = (builder, args, tuple(kwargs.items()))
        resource = self._resources.get(key)
        if resource is None:
            resource = self._resources[key] = build()
            self._built += 1
            self._encoded += 1
        else:
            self._hits += 1
            if self._checks and build().version != resource.version:
                raise ImpureBuilderError(f"built twice from the same parts with different results: {key}")
        return resource

    def assemble(
        self, assembler: Callable[Concatenate["Memo", P], Resource], *args: P.args, **kwargs: P.kwargs
    ) -> Resource:
        """The resource that an assembler makes, of pieces of this memo, for these parts."""
        result = self._remembered(
            (assembler, args, tuple(kwargs.items())), lambda: assembler(self, *args, **kwargs)
        )
        assert isinstance(result, Resource)
        return result

    def piece(self, encoder: Callable[P, bytes], *args: P.args, **kwargs: P.kwargs) -> bytes:
        """The bytes that an encoder makes of these parts."""
        result = self._remembered((encoder, args, tuple(kwargs.items())), lambda: encoder(*args, **kwargs))
        assert isinstance(result, bytes)
        return result

    def compose(
        self, composer: Callable[Concatenate["Memo", P], ResourceSet], *args: P.args, **kwargs: P.kwargs
    ) -> ResourceSet:
        """The set that a composer makes, with the help of this memo, of these parts."""
        result = self._remembered(
            (composer, args, tuple(kwargs.items())), lambda: composer(self, *args, **kwargs)
        )
        assert isinstance(result, ResourceSet)
        return result

    def share(self, inputs: Inputs, step: Callable[[], T]) -> T:
        """What a step with the help of this memo gives for these very inputs: they are not looked into, so
        nothing in them may be new where they are the same objects. They begin with the step's name.
        """
        if self._checks:
            return step()
        # The inputs are kept with the result: while they are, no other object can be mistaken for one.
        key = identity_key(inputs)
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = self._build(lambda: (inputs, step()))
        self._use(entry)
        return cast(T, entry.result[1])

    def revise(self, inputs: Inputs, step: Callable[[T | None], T]) -> T:
        """What a step makes of what it gave for these very inputs last time; None: nothing."""
        key = identity_key(inputs)
        entry = None if self._checks else self._entries.get(key)
        before = entry.result[1] if entry else None
        # The inputs are kept with the result: while they are, no other object can be mistaken for one.
        made = self._entries[key] = self._build(lambda: (inputs, step(before)))
        self._use(made)
        return cast(T, made.result[1])

    def start_generation(self) -> None:
        """A new model begins; what the last few did not use is forgotten."""
        self._generation += 1
        if self._generation % self._keep == 0:
            self._forget()

    def statistics(self) -> MemoStatistics:
        """How much was built, and how much that saved."""
        forgotten = self._forgotten + self._encoded - len(self._resources)
        return MemoStatistics(self._built, self._hits, forgotten, len(self._entries) + len(self._resources))

    def _remembered(self, key: Hashable, build: Callable[[], _Result]) -> Any:
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = self._build(build)
            self._built += 1
        else:
            self._hits += 1
            if self._checks:
                self._check(key, entry, build)
        self._use(entry)
        return entry.result

    def _use(self, entry: _Entry) -> None:
        entry.used = self._generation
        if self._open:
            self._open[-1].consists_of.append(entry)

    def _build(self, build: Callable[[], object]) -> _Entry:
        entry = _Entry(ResourceSet(), self._generation, [])
        self._open.append(entry)
        try:
            entry.result = build()
        finally:
            self._open.pop()
        return entry

    def _check(self, key: Hashable, entry: _Entry, build: Callable[[], object]) -> None:
        again = self._build(build).result
        if _content(again) != _content(entry.result):
            raise ImpureBuilderError(f"built twice from the same parts with different results: {key}")

    def _forget(self) -> None:
        oldest = self._generation - self._keep
        pending = [entry for entry in self._entries.values() if entry.used > oldest]
        kept: set[int] = set()
        while pending:
            entry = pending.pop()
            if id(entry) not in kept:
                kept.add(id(entry))
                pending.extend(entry.consists_of)
        before = len(self._entries)
        self._entries = {key: entry for key, entry in self._entries.items() if id(entry) in kept}
        self._forgotten += before - len(self._entries)


def _content(result: _Result) -> bytes | str:
    return result if isinstance(result, bytes) else result.version
