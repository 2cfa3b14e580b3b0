"""Request bodies: JSON, YAML or protobuf, as one JSON value.

Whatever is accepted here can be kept and sent again: not too deep, no text that is not Unicode, no numbers
past 64 bits.
"""

import re
from typing import Any

import orjson
import yaml

from convoy.cluster.apiserver.protobuf import MEDIA_TYPE as PROTOBUF
from convoy.cluster.apiserver.protobuf import decode_body as decode_protobuf
from convoy.cluster.machinery.statuses import StatusError, bad_request, unsupported_media_type

LARGEST = 3 << 20  # as the real server's limit
YAML = "application/yaml"
_DEEPEST = 200  # orjson writes 254 levels, and managed fields are deeper than the object
_MOST_NODES = 300_000  # of a YAML document, also with its aliases written out
_OWN_RULES = ("timestamp", "value", "int", "float")
_INTEGER = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)$")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$")
_JSON_TYPES = ("application/json", "text/json")
_YAML_TYPES = (YAML, "application/x-yaml", "text/yaml")


class _Loader(yaml.CSafeLoader):
    """YAML as Go's decoder takes it: dates stay text, and so do numbers to base 60."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] not in _OWN_RULES]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver("tag:yaml.org,2002:int", _INTEGER, list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+.0123456789"))


def too_large() -> StatusError:
    """413."""
    message = f"Request entity too large: limit is {LARGEST}"
    return StatusError(413, "RequestEntityTooLarge", message, {})


def media_type(content_type: str) -> str:
    """A Content-Type without its parameters; a missing one means JSON."""
    return content_type.partition(";")[0].strip().lower() or "application/json"


def is_json(content_type: str) -> bool:
    """Whether a body of this Content-Type is taken as JSON."""
    return media_type(content_type) in _JSON_TYPES


def decode_object(data: bytes, content_type: str) -> dict[str, Any]:
    """The object in a body. Raises StatusError: 400, or 415 for a media type that is not taken."""
    kind = media_type(content_type)
    if kind == PROTOBUF:
        return _checked_object(decode_protobuf(data), data)
    if kind in _YAML_TYPES:
        return _checked_object(decode_yaml(data), data)
    if kind in _JSON_TYPES:
        return _checked_object(decode_json(data), data)
    raise unsupported_media_type(("application/json", YAML, PROTOBUF))


def decode_json(data: bytes) -> Any:
    """Any JSON value; raises StatusError 400."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"the body of the request is not JSON: {error}") from error
    _check_depth(value, data)
    return value


def decode_yaml(data: bytes) -> Any:
    """Any YAML value that JSON can express; raises StatusError 400."""
    try:
        _check_yaml_size(data)
        value = yaml.load(data, Loader=_Loader)
        _count(value, {})
        return orjson.loads(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, OverflowError) as error:
        reason = str(error) or type(error).__name__
        raise bad_request(f"error converting YAML to JSON: yaml: {reason}") from error


def _checked_object(value: Any, data: bytes) -> dict[str, Any]:
    if not isinstance(value, dict):
        found = "nothing" if not data.strip() else f"a {type(value).__name__}"
        raise bad_request(f"the body of the request must be an object, but it is {found}")
    return value


def _check_depth(value: Any, data: bytes) -> None:
    if data.count(b"{") + data.count(b"[") <= _DEEPEST:  # cannot be deeper than it has openings
        return
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return
    raise bad_request(f"the body of the request is nested deeper than {_DEEPEST} levels")


def _check_yaml_size(data: bytes) -> None:
    """Raises ValueError for what is too much or too deep: libyaml would recurse until the process dies."""
    depth = 0
    for number, event in enumerate(yaml.parse(data, Loader=_Loader)):
        if number > _MOST_NODES:
            raise ValueError(f"more than {_MOST_NODES} values")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise ValueError(f"nested deeper than {_DEEPEST} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _count(value: Any, counted: dict[int, int]) -> int:
    """How many values a document has; aliases are shared here but will be written out each time."""
    if not isinstance(value, dict | list):
        return 1
    if (known := counted.get(id(value))) is not None:
        if known == 0:
            raise ValueError("an alias contains itself")
        return known
    counted[id(value)] = 0
    children = value.values() if isinstance(value, dict) else value
    total = 1 + sum(_count(child, counted) for child in children)
    if total > _MOST_NODES:
        raise ValueError("document contains excessive aliasing")
    counted[id(value)] = total
    return total
