"""The HTTPS API for agents: certificates for their keys, and the names their pods may resolve.

`POST /v1/certificates` and `GET /v1/names?version=V&wait=SECONDS`; both take the service account token as
bearer. Names are long-polled: the answer waits until the table differs from version V, at most `wait` seconds
(then 304).
"""

import asyncio
from collections.abc import Mapping

import msgspec
from aiohttp import web

from convoy.ca.errors import TokenError, VerifierError
from convoy.ca.service import HTTP_STATUS, CertificateService, Verifier
from convoy.ca.tokens import TokenSubject
from convoy.ca.wire import CertificateRequest, Refusal
from convoy.dns.table import NameTable, build_name_table, name_table_to_json
from convoy.kit.latest import LatestValue
from convoy.kit.logs import get_logger

LONGEST_WAIT = 60.0

# Unlike "no table yet" it has a version, so that an agent in a namespace without names is answered, too.
NO_NAMES = build_name_table({})

log = get_logger("controlplane.agents")

NameTables = Mapping[str, NameTable]
"""Name tables by the namespace of the asking pod, and by `<pod>.<namespace>` of those that have their own."""


class AgentApi:
    """The routes of the API, to be served by `app()`."""

    def __init__(
        self, certificates: CertificateService, verifier: Verifier, names: LatestValue[NameTables]
    ) -> None:
        self._certificates = certificates
        self._verifier = verifier
        self._names = names

    def app(self) -> web.Application:
        """An aiohttp application; bodies above 64 KiB are refused."""
        app = web.Application(client_max_size=64 * 1024)
        app.router.add_post("/v1/certificates", self._issue)
        app.router.add_get("/v1/names", self._answer_names)
        return app

    async def _issue(self, request: web.Request) -> web.Response:
        try:
            asked = msgspec.json.decode(await request.read(), type=CertificateRequest)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return _refused(Refusal("bad_request", f"The body is not a certificate request: {error}."))
        answer = await self._certificates.issue_for_token(_bearer(request), asked)
        if isinstance(answer, Refusal):
            return _refused(answer)
        return _json(msgspec.json.encode(answer))

    async def _answer_names(self, request: web.Request) -> web.Response:
        try:
            subject = await self._verifier.verify(_bearer(request))
        except TokenError as error:
            return _refused(Refusal("unauthenticated", str(error)))
        except VerifierError as error:
            return _refused(Refusal("unavailable", str(error)))
        version = request.query.get("version", "")
        table = await self._wait_changed(subject, version, wait=_wait_seconds(request))
        if table is None or table.version == version:
            return web.Response(status=304)
        return _json(name_table_to_json(table))

    async def _wait_changed(self, subject: TokenSubject, version: str, *, wait: float) -> NameTable | None:
        """The table for the caller: once its version differs, or after `wait` seconds."""
        table: NameTable | None = None
        number = 0
        try:
            async with asyncio.timeout(wait):
                while table is None or table.version == version:
                    number, tables = await self._names.wait_newer(number)
                    own = tables.get(f"{subject.pod_name}.{subject.namespace}")
                    table = own or tables.get(subject.namespace, NO_NAMES)
        except TimeoutError:
            pass
        return table


def _bearer(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _wait_seconds(request: web.Request) -> float:
    try:
        seconds = float(request.query.get("wait", "0"))
    except ValueError:
        return 0.0
    # Asked this way round, because `nan` is a float, too, and a timer set to it stops all other timers.
    return min(seconds, LONGEST_WAIT) if seconds > 0 else 0.0


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")


def _refused(refusal: Refusal) -> web.Response:
    log.warning("agent refused", code=refusal.code, detail=refusal.message)
    return web.Response(
        status=HTTP_STATUS[refusal.code], body=msgspec.json.encode(refusal), content_type="application/json"
    )
