"""url() and its parts, and regular expressions: find and findAll."""

from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from convoy.cluster.schema import formats
from convoy.cluster.schema.cel.functions import Opaque, member, plain
from convoy.cluster.schema.limits import compile_pattern
from convoy.cluster.schema.wording import quoted

TYPE = "kubernetes.URL"
_KEY = "@url"


def _wrap(text: str) -> Opaque:
    if not formats.matches("uri", text):
        why = f"parse {quoted(text)}: invalid URI for request"
        raise ValueError(f"URL parse error during conversion from string: {why}")
    return {_KEY: text}


def _parts(value: Opaque) -> SplitResult:
    if _KEY not in value:
        raise TypeError("no such overload")
    return urlsplit(value[_KEY])


def _host(value: Opaque) -> str:
    return _parts(value).netloc.rpartition("@")[2]


def _host_name(value: Opaque) -> str:
    host = _host(value)
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _port(value: Opaque) -> str:
    return _host(value).rpartition("]")[2].partition(":")[2]


def _query(value: Opaque) -> dict[str, list[str]]:
    return parse_qs(_parts(value).query, keep_blank_values=True)


def _find(text: str, pattern: str) -> str:
    found = _compiled(pattern).search(text)
    return found[0] if found is not None else ""


def _find_all(text: str, pattern: str, most: int = -1) -> list[str]:
    found = [each[0] for each in _compiled(pattern).finditer(text)]
    return found if most < 0 else found[:most]


def _compiled(pattern: str) -> Any:
    try:
        return compile_pattern(pattern)
    except ValueError as error:
        raise ValueError(f"Illegal regex: {error}") from error


FUNCTIONS = (
    plain("url", _wrap, (("string",), TYPE)),
    plain("isURL", lambda text: formats.matches("uri", text), (("string",), "bool")),
    member("getScheme", lambda value: _parts(value).scheme, ((TYPE,), "string")),
    member("getHost", _host, ((TYPE,), "string")),
    member("getHostname", _host_name, ((TYPE,), "string")),
    member("getPort", _port, ((TYPE,), "string")),
    member("getEscapedPath", lambda value: _parts(value).path, ((TYPE,), "string")),
    member("getQuery", _query, ((TYPE,), "map<string, list<string>>")),
    member("find", _find, (("string", "string"), "string")),
    member("findAll", _find_all, (("string", "string"), "list<string>")),
    member("findAll", _find_all, (("string", "string", "int"), "list<string>")),
)
