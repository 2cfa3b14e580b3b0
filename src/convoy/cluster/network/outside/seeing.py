"""What the outside server answers: a JSON object that tells what it saw of the request."""

import asyncio
import ssl
from typing import Any
from weakref import WeakKeyDictionary

import orjson
from aiohttp import web

_MOST_BODY = 64 << 10  # bytes of a request's body that are told
_LONGEST_DELAY = 60.0

ServerNames = WeakKeyDictionary[Any, str]  # the names that clients asked for, by TLS connection


class Seer:
    """Answers requests; `/status/CODE` answers with that code and `/delay/SECONDS` after a while."""

    def __init__(self) -> None:
        self.server_names: ServerNames = WeakKeyDictionary()

    def note_name(self, connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        """For `SSLContext.sni_callback`."""
        self.server_names[connection] = name or ""

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Tell what was seen."""
        verb, _, argument = request.path.strip("/").partition("/")
        if verb == "delay" and argument.replace(".", "", 1).isdigit():
            await asyncio.sleep(min(float(argument), _LONGEST_DELAY))
        status = int(argument) if verb == "status" and argument.isdigit() and len(argument) == 3 else 200
        body = await request.read()
        told = orjson.dumps({**_head(request), "body": _text(body), "tls": self._tls(request)})
        headers = {"Content-Type": "application/json", "Server": "outside"}
        return web.Response(body=told, status=max(status, 200), headers=headers)

    def _tls(self, request: web.BaseRequest) -> dict[str, Any] | None:
        connection = request.transport.get_extra_info("ssl_object") if request.transport else None
        if connection is None:
            return None
        certificate = connection.getpeercert() or {}
        subject = {key: value for part in certificate.get("subject", ()) for key, value in part}
        return {
            "version": connection.version(),
            "server_name": self.server_names.get(connection, ""),
            "client": subject.get("commonName", ""),
        }


def _head(request: web.BaseRequest) -> dict[str, Any]:
    local = request.transport.get_extra_info("sockname") if request.transport else None
    headers: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        headers.setdefault(name.lower(), []).append(value)
    return {
        "method": request.method,
        "scheme": "https" if request.secure else "http",
        "host": request.headers.get("Host", ""),
        "path": request.path,
        "query": request.query_string,
        "version": f"{request.version.major}.{request.version.minor}",
        "headers": headers,
        "client": request.remote,
        "server": f"{local[0]}:{local[1]}" if local else "",
    }


def _text(body: bytes) -> str:
    return body[:_MOST_BODY].decode(errors="replace")
