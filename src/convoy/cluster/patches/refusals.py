"""How the API server refuses patches, and what all kinds of patches share."""

from typing import Any

import orjson

from convoy.cluster.machinery.statuses import StatusError


def private_copy(value: Any) -> Any:
    """A copy that may be changed."""
    return orjson.loads(orjson.dumps(value))


def does_not_apply(why: str) -> StatusError:
    """422: a patch that can be read but does not fit the object.

    The API server says no more than that something is wrong with the request; the reason is ours.
    """
    message = f"the server rejected our request due to an error in our request ({why})"
    return StatusError(422, "Invalid", message, {})


def is_same(left: Any, right: Any) -> bool:
    """JSON equality: unlike Python's, `true` is not 1."""
    if left != right:
        return False
    if isinstance(left, dict):
        return all(is_same(value, right[key]) for key, value in left.items())
    if isinstance(left, list):
        return all(map(is_same, left, right))
    return isinstance(left, bool) is isinstance(right, bool)
