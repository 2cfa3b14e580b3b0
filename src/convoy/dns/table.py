"""The name table: which names a proxy's pod may resolve inside the mesh, and to which addresses.

Decided in `mesh/`, carried as JSON by the control plane's agent API, answered from by the agent beside
Envoy. The version is a hash of the content alone, so replicas and restarts agree, and an agent that already
has the table is answered "not modified".
"""

from collections.abc import Iterable, Mapping

import msgspec

from convoy.kit.digests import digest_of


class NameTable(msgspec.Struct, frozen=True):
    """Names and their addresses.

    Keys of `names` are lower-case host names without a trailing dot; a wildcard is written `*.x` and covers
    every name that ends in `.x` (not `x` itself). Values are IPv4 or IPv6 addresses in text form, sorted.
    """

    version: str
    names: Mapping[str, tuple[str, ...]]


EMPTY_TABLE = NameTable(version="", names={})


def build_name_table(names: Mapping[str, Iterable[str]]) -> NameTable:
    """A table in canonical form: names lower-cased and sorted, addresses sorted, each once."""
    merged: dict[str, set[str]] = {}
    for name, addresses in names.items():
        merged.setdefault(canonical_name(name), set()).update(addresses)
    canonical = {name: tuple(sorted(merged[name])) for name in sorted(merged)}
    return NameTable(version=digest_of(canonical), names=canonical)


def canonical_name(name: str) -> str:
    """A host name as the table spells it: lower case, no trailing dot."""
    return name.rstrip(".").lower()


def name_table_to_json(table: NameTable) -> bytes:
    """The body of `GET /v1/names`: `{"version": ..., "names": {host: [address, ...]}}`."""
    return msgspec.json.encode(table)


def parse_name_table(body: bytes) -> NameTable:
    """The table in a JSON body; `msgspec.ValidationError` or `DecodeError` when it is none."""
    return msgspec.json.decode(body, type=NameTable)
