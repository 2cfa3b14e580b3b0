"""What an API server says when it refuses, as KubeErrors whose text says what to do; pure.

The body of a refusal is a Status (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/).
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from convoy.config.errors import Attempt, KubeError

_LONGEST = 500
_NOT_ALLOWED = re.compile(r'User "(?P<user>[^"]*)" cannot \w+ (?:resource|path) ')


class _Status(msgspec.Struct):
    message: str = ""
    reason: str = ""
    code: int = 0


def refusal(attempt: Attempt, status: int, body: bytes) -> KubeError:
    """The error that an answer of 400 and above stands for."""
    try:
        said = msgspec.json.decode(body, type=_Status)
    except msgspec.DecodeError:
        said = _Status(message=body.decode(errors="replace").strip())
    return _error(attempt, status, said)


def refusal_of_status(attempt: Attempt, obj: Mapping[str, Any]) -> KubeError:
    """The error that a Status stands for; watches have it among their events."""
    try:
        said = msgspec.convert(obj, _Status)
    except msgspec.ValidationError:
        said = _Status(code=500)
    return _error(attempt, said.code, said)


def _error(attempt: Attempt, status: int, said: _Status) -> KubeError:
    message = said.message[:_LONGEST]
    if status == 401:
        message = "the credentials were not accepted"
    elif status == 403 and (found := _NOT_ALLOWED.search(said.message)):
        message = _lacking(attempt, found["user"])
    return KubeError(attempt, status=status, reason=said.reason, message=message)


def _lacking(attempt: Attempt, user: str) -> str:
    if user == "system:anonymous":
        return "no credentials were sent that the cluster knows"
    where = f" in namespace {attempt.namespace}" if attempt.namespace else ""
    return f'the role of {user} lacks "{attempt.verb}" on {attempt.resource}{where}'
