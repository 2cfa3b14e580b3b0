"""JSON patch (RFC 6902), as the API server understands it.

It is laxer than the RFC in what clients rely on: `replace` of a missing key adds it, `test` for null holds
where nothing is, indexes may be negative and count from the end.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from convoy.cluster.machinery.statuses import StatusError, bad_request
from convoy.cluster.patches.refusals import does_not_apply, is_same, private_copy

_MOST_OPERATIONS = 10_000
_MOST_COPIED = 3 << 20  # bytes, as JSON; as the real server's limit
_DEEPEST = 200  # levels, as of a body
_INDEX = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)

Container = dict[str, Any] | list[Any]


def apply_json_patch(obj: Mapping[str, Any], operations: Any) -> dict[str, Any]:
    """The patched object; StatusError 400 for a malformed patch, 422 for one that does not apply."""
    _check_form(operations)
    document = [private_copy(obj)]  # in a list, so that the whole of it can be replaced
    try:
        _carry_out(document, operations)
        is_deep = _is_deep(document[0])
    except (orjson.JSONEncodeError, RecursionError):
        is_deep = True
    if is_deep:
        raise does_not_apply(f"the patched document is nested deeper than {_DEEPEST} levels")
    patched = document[0]
    if not isinstance(patched, dict):
        raise does_not_apply("the patched document is not an object")
    return patched


def _carry_out(document: list[Any], operations: list[dict[str, Any]]) -> None:
    copied = 0
    for operation in operations:
        if _kind(operation) == "copy":
            copied += _check_copy(document, operation, copied)
        _OPERATIONS.get(_kind(operation), _unknown)(document, operation)


def _is_deep(value: Any) -> bool:
    """Whether it is deeper than a body may be: paths and copies go deeper than the patch itself."""
    data = orjson.dumps(value)
    if data.count(b"{") + data.count(b"[") <= _DEEPEST:  # cannot be deeper than it has openings
        return False
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _check_form(operations: Any) -> None:
    if not isinstance(operations, list) or not all(isinstance(each, dict) for each in operations):
        raise bad_request("error decoding patch: a JSON patch is a list of operations, each an object")
    if len(operations) > _MOST_OPERATIONS:
        found = f"got {len(operations)}"
        message = f"The allowed maximum operations in a JSON patch is {_MOST_OPERATIONS}, {found}"
        raise StatusError(413, "RequestEntityTooLarge", message, {})


def _check_copy(document: list[Any], operation: dict[str, Any], copied: int) -> int:
    """The size of what a copy adds, beside `copied` bytes: each copy of the copies before would double it."""
    source = _pointer(operation, "from")
    size = len(orjson.dumps(_value(_container(document, source, "copy"), source)))
    if copied + size > _MOST_COPIED:
        raise does_not_apply(
            f"Unable to complete the copy, the accumulated size increase of copy is {copied + size}, "
            f"exceeding the limit {_MOST_COPIED}"
        )
    return size


def _kind(operation: dict[str, Any]) -> str:
    kind = operation.get("op")
    return kind if isinstance(kind, str) else "unknown"


def _unknown(_document: list[Any], operation: dict[str, Any]) -> None:
    raise does_not_apply(f"Unexpected kind: {_kind(operation)}")


def _add(document: list[Any], operation: dict[str, Any]) -> None:
    path = _pointer(operation, "path")
    _insert(_container(document, path, "add"), path, private_copy(operation.get("value")))


def _remove(document: list[Any], operation: dict[str, Any]) -> None:
    path = _pointer(operation, "path")
    _take(_container(document, path, "remove"), path)


def _replace(document: list[Any], operation: dict[str, Any]) -> None:
    path = _pointer(operation, "path")
    value = private_copy(operation.get("value"))
    if not path:
        document[0] = value
        return
    container = _container(document, path, "replace")
    if isinstance(container, dict):
        container[_key(path)] = value
    else:
        container[_index(container, path)] = value


def _move(document: list[Any], operation: dict[str, Any]) -> None:
    source, path = _pointer(operation, "from"), _pointer(operation, "path")
    value = _take(_container(document, source, "move"), source)
    _insert(_container(document, path, "move"), path, value)


def _copy(document: list[Any], operation: dict[str, Any]) -> None:
    source, path = _pointer(operation, "from"), _pointer(operation, "path")
    value = private_copy(_value(_container(document, source, "copy"), source))
    _insert(_container(document, path, "copy"), path, value)


def _test(document: list[Any], operation: dict[str, Any]) -> None:
    path = _pointer(operation, "path")
    found = document[0] if not path else _value(_container(document, path, "test"), path)
    if not is_same(found, operation.get("value")):
        raise does_not_apply(f"testing value {path} failed: test failed")


_OPERATIONS: dict[str, Callable[[list[Any], dict[str, Any]], None]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}


def _pointer(operation: dict[str, Any], member: str) -> str:
    pointer = operation.get(member)
    if not isinstance(pointer, str):
        raise does_not_apply(f"{operation['op']} operation failed to decode {member}: missing value")
    return pointer


def _key(path: str) -> str:
    return _decoded(path.rpartition("/")[2])


def _decoded(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~") if "~" in token else token


def _container(document: list[Any], path: str, what: str) -> Container:
    """The object or list that holds the last token of a path (RFC 6901)."""
    found = document[0]
    tokens = path.split("/")
    for token in tokens[1:-1]:
        found = _step(found, _decoded(token))
    if len(tokens) < 2 or not isinstance(found, dict | list):
        raise does_not_apply(f'{what} operation does not apply: doc is missing path: "{path}": missing value')
    return found


def _step(container: Any, token: str) -> Any:
    if isinstance(container, dict):
        return container.get(token)
    if isinstance(container, list) and _INDEX.fullmatch(token):
        place = int(token)
        return container[place] if -len(container) <= place < len(container) else None
    return None


def _index(items: list[Any], path: str, *, length: int | None = None) -> int:
    token = _key(path)
    if not _INDEX.fullmatch(token):
        raise does_not_apply(f"error for path: '{path}': value was not a proper array index: '{token}'")
    place, length = int(token), len(items) if length is None else length
    if not -length <= place < length:
        why = f"Unable to access invalid index: {place}: invalid index referenced"
        raise does_not_apply(f"error for path: '{path}': {why}")
    return place % length


def _value(container: Container, path: str) -> Any:
    if isinstance(container, dict):
        return container.get(_key(path))
    return container[_index(container, path)]


def _insert(container: Container, path: str, value: Any) -> None:
    if isinstance(container, dict):
        container[_key(path)] = value
    elif _key(path) == "-":
        container.append(value)
    else:
        container.insert(_index(container, path, length=len(container) + 1), value)


def _take(container: Container, path: str) -> Any:
    if isinstance(container, list):
        return container.pop(_index(container, path))
    if _key(path) not in container:
        why = f"Unable to remove nonexistent key: {_key(path)}: missing value"
        raise does_not_apply(f"error in remove for path: '{path}': {why}")
    return container.pop(_key(path))
