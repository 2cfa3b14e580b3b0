"""Values of patches as Envoy messages: JSON in, protobuf out, with whatever type an `Any` names."""

import importlib
import json
import pkgutil
import re
from functools import lru_cache
from typing import Any, TypeVar, cast

import msgspec
from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.message import Message

from convoy.api.validation.json_values import find_excess

M = TypeVar("M", bound=Message)
Json = dict[str, Any]

_TYPE = "@type"
# Users name types, so nothing else may be imported by its name.
_PACKAGES = ("envoy", "google.protobuf", "udpa", "xds")
_FULL_NAME = re.compile(r"(?=.{1,200}$)\w+(\.\w+){1,20}", re.ASCII)
# Values this long are few; so many as of the others would fill the memory if somebody kept changing one.
_LONG = 8192


class BadValueError(Exception):
    """A value that is not the Envoy message it should be; the text says what is wrong."""


def parse_value(value: Json, kind: type[M]) -> M:
    """A part of an Envoy message in its JSON form (https://protobuf.dev/programming-guides/json/).

    BadValueError when it has unknown fields or types, values of the wrong type, or too many of them.
    """
    if excess := find_excess(value):
        raise BadValueError(f"it {excess}.")
    text = msgspec.json.encode(value, order="sorted")
    parsed = (_parse_long if len(text) > _LONG else _parse_short)(text, kind.DESCRIPTOR.full_name)
    return cast(M, parsed)


def _parse(text: bytes, full_name: str) -> Message:
    value = json.loads(text)
    _load_types(value)
    kind = load_type(full_name)
    assert kind is not None
    try:
        return json_format.ParseDict(value, kind())
    except json_format.ParseError as error:
        raise BadValueError(str(error).splitlines()[0]) from error
    except (TypeError, ValueError, AttributeError) as error:
        # What protobuf itself stumbles over, such as a text where a message is wanted.
        raise BadValueError(f"{type(error).__name__}: {error}") from error


_parse_short = lru_cache(maxsize=4096)(_parse)
_parse_long = lru_cache(maxsize=64)(_parse)


def _load_types(value: Any) -> None:
    """Make known the messages that `@type` names anywhere within."""
    if isinstance(value, list):
        for item in value:
            _load_types(item)
    elif isinstance(value, dict):
        if isinstance(name := value.get(_TYPE), str):
            load_type(name.rpartition("/")[2])
        for item in value.values():
            _load_types(item)


@lru_cache(maxsize=4096)
def load_type(full_name: str) -> type[Message] | None:
    """The class of a message by its full name; None when this Envoy has no such message.

    A protobuf package is a Python package here, so only its own modules are imported.
    """
    if not _FULL_NAME.fullmatch(full_name):
        return None
    package = ".".join(part for part in full_name.split(".") if part[:1].islower())
    if not any(package == known or package.startswith(f"{known}.") for known in _PACKAGES):
        return None
    try:
        found = importlib.import_module(package)
        for module in pkgutil.iter_modules(found.__path__):
            if module.name.endswith("_pb2"):
                importlib.import_module(f"{package}.{module.name}")
        descriptor = descriptor_pool.Default().FindMessageTypeByName(full_name)
    except (ImportError, KeyError, ValueError, AttributeError):
        return None
    return message_factory.GetMessageClass(descriptor)
