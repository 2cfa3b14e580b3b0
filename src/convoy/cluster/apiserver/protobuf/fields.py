"""Which fields the messages of Kubernetes' API have, by number.

The table `fields.json.gz` holds facts only (numbers, JSON names, types), read by `tools/protobuf_fields.py`
from Kubernetes' public declarations; NOTICE says which. In it a message is a list of fields

    [number, JSON name, type, shape]

with a type that is a scalar ("s" string, "b" bytes, "t" bool, "i" integer, "d" double), a word for a message
with a JSON form of its own ("time", "quantity", ...), or the position of another message; and a shape:

- `kept`: stands in JSON whenever it was sent, zero or not (a pointer in Go, or without `omitempty`);
- `omitted`: Go sends it always, but its zero means that nothing was set;
- `list`, `map`;
- `inline`: its fields are fields of the message it is in.
"""

import gzip
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple, TypeAlias

import orjson

Message: TypeAlias = dict[int, "Field"]


class Field(NamedTuple):
    """A field, with `kind` a scalar's or special message's word, or a message."""

    name: str
    kind: "str | Message"
    shape: str


class Fields(NamedTuple):
    """The whole table: messages by apiVersion and kind, and those that are known in every version."""

    kinds: dict[str, dict[str, Message]]
    anywhere: dict[str, Message]
    schema: Message  # JSONSchemaProps, to which some special messages refer

    def find(self, api_version: str, kind: str) -> Message | None:
        """The message of an object's kind."""
        return self.kinds.get(api_version, {}).get(kind) or self.anywhere.get(kind)


@cache
def load_fields() -> Fields:
    """The table, read once, when the first protobuf body arrives."""
    packed = files(__package__).joinpath("fields.json.gz").read_bytes()
    table: dict[str, Any] = orjson.loads(gzip.decompress(packed))
    messages: list[Message] = [{} for _ in table["messages"]]
    for message, rows in zip(messages, table["messages"], strict=True):
        for number, name, kind, shape in rows:
            message[number] = Field(name, messages[kind] if isinstance(kind, int) else kind, shape)
    kinds = {
        api_version: {kind: messages[row] for kind, row in rows.items()}
        for api_version, rows in table["kinds"].items()
    }
    anywhere = {kind: messages[row] for kind, row in table["anywhere"].items()}
    return Fields(kinds, anywhere, messages[table["schema"]])
