"""Why a webhook could not be asked, and that it said no: the errors, in the words that users know.

The words of the network are Go's, because people search for them.
"""

import errno
import ssl
from collections.abc import Iterator
from typing import Any

import aiohttp

from convoy.cluster.errors import UnknownNameError
from convoy.cluster.machinery.statuses import StatusError, internal_error

_BAD_REQUEST = 400
_ERRNO = {
    errno.ECONNREFUSED: "connect: connection refused",
    errno.EHOSTUNREACH: "connect: no route to host",
    errno.ENETUNREACH: "connect: network is unreachable",
    errno.ECONNRESET: "connection reset by peer",
    errno.EPIPE: "broken pipe",
    errno.ETIMEDOUT: "i/o timeout",
}
# OpenSSL's numbers of what is wrong with a certificate (x509_vfy.h).
_CERTIFICATES = {
    10: "certificate has expired or is not yet valid",
    18: "certificate signed by unknown authority",
    19: "certificate signed by unknown authority",
    20: "certificate signed by unknown authority",
    21: "certificate signed by unknown authority",
}
_ANSWERS = {
    401: "the server has asked for the client to provide credentials",
    403: "the server does not allow access to the requested resource",
    404: "the server could not find the requested resource",
    405: "the server does not allow this method on the requested resource",
    429: "the server has received too many requests and has asked us to try again later",
    503: "the server is currently unable to handle the request",
}


class CallError(Exception):
    """A webhook that gave no answer, or none that can be used; the text says why."""


def failed_call(hook: str, error: CallError) -> StatusError:
    """500: what a write fails with when a webhook that must be asked cannot be."""
    return internal_error(f'failed calling webhook "{hook}": {error}')


def describe_answer(status: int, body: str) -> str:
    """What an HTTP status that is no success says."""
    if status in _ANSWERS:
        return _ANSWERS[status]
    if status >= 500:
        return f"an error on the server ({body!r}) has prevented the request from succeeding"
    return "the server rejected our request for an unknown reason"


def describe_failure(error: BaseException, address: str) -> str:
    """Why no connection to `address`, or no answer over it."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = _CERTIFICATES.get(cause.verify_code, cause.verify_message)
            return f"tls: failed to verify certificate: x509: {why}"
        if isinstance(cause, ssl.SSLError):
            return f"tls: {cause.reason or cause}"
        if isinstance(cause, UnknownNameError):
            return str(cause)
        if isinstance(cause, OSError) and cause.errno in _ERRNO:
            return f"dial tcp {address}: {_ERRNO[cause.errno]}"
    if isinstance(error, TimeoutError):
        return "context deadline exceeded"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "EOF"
    return str(error) or type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it was made from; aiohttp keeps the first one in different places."""
    seen: BaseException | None = error
    while seen is not None:
        for name in ("certificate_error", "os_error"):
            inner = getattr(seen, name, None)
            if isinstance(inner, BaseException):
                yield inner
        yield seen
        seen = seen.__cause__


def refused(hook: str, result: dict[str, Any]) -> StatusError:
    """What a webhook's no becomes: its own code, reason and details, and its message after its name."""
    code = result.get("code")
    code = code if isinstance(code, int) and code >= _BAD_REQUEST else _BAD_REQUEST
    message, reason = result.get("message"), result.get("reason")
    why = f": {message or reason}" if message or reason else " without explanation"
    details = result.get("details")
    return StatusError(
        code,
        str(reason or ""),
        f'admission webhook "{hook}" denied the request{why}',
        details if isinstance(details, dict) else None,
    )
