"""The HTTPS API for agents: certificates for their keys, the names their pods may resolve, and how members of
WorkloadGroups ask whether they are ready.

`POST /v1/certificates`, `GET /v1/names?version=V&wait=SECONDS` and `GET /v1/probe` with the same parameters;
all take the service account token as bearer. Names and probe are long-polled: the answer waits until it
differs from version V, at most `wait` seconds (then 304). `POST /v1/bootstrap` takes the bootstrap with which
an agent is about to start its Envoy, and gives it as EnvoyFilters change it; 204 when they do not.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import msgspec
from aiohttp import web

from convoy.api.agents import ProbeAnswer
from convoy.api.istio.workload_group import ReadinessProbe
from convoy.ca.errors import TokenError, VerifierError
from convoy.ca.service import HTTP_STATUS, CertificateService, Verifier
from convoy.ca.tokens import TokenSubject
from convoy.ca.wire import CertificateRequest, Refusal
from convoy.dns.table import NameTable, build_name_table, name_table_to_json
from convoy.kit.digests import digest
from convoy.kit.latest import LatestValue
from convoy.kit.logs import get_logger
from convoy.mesh.model import EnvoyPatch
from convoy.xds.build.envoy_filters.bootstrap import patch_bootstrap
from convoy.xds.build.envoy_filters.values import BadValueError

LONGEST_WAIT = 60.0

# Unlike "no table yet" it has a version, so that an agent in a namespace without names is answered, too.
NO_NAMES = build_name_table({})

log = get_logger("controlplane.agents")

Probes = Mapping[str, ReadinessProbe]
"""Probes of groups by `<pod>.<namespace>` of their members."""


class BootstrapPatches(msgspec.Struct, frozen=True):
    """What EnvoyFilters change of a proxy's bootstrap, among others."""

    patches: tuple[EnvoyPatch, ...]
    is_gateway: bool


PatchesOf = Callable[[str], BootstrapPatches | None]
"""The patches for `<pod>.<namespace>`; None when there are none."""

NameTables = Mapping[str, NameTable]
"""Name tables by the namespace of the asking pod, and by `<pod>.<namespace>` of those that have their own."""


class _Versioned(Protocol):
    @property
    def version(self) -> str: ...


T = TypeVar("T")
V = TypeVar("V", bound=_Versioned)


class AgentApi:
    """The routes of the API, to be served by `app()`."""

    def __init__(
        self,
        certificates: CertificateService,
        verifier: Verifier,
        names: LatestValue[NameTables],
        probes: LatestValue[Probes],
        *,
        patches: PatchesOf = lambda _: None,
    ) -> None:
        self._certificates = certificates
        self._verifier = verifier
        self._names = names
        self._probes = probes
        self._patches = patches

    def app(self) -> web.Application:
        """An aiohttp application; bodies above 64 KiB are refused."""
        app = web.Application(client_max_size=64 * 1024)
        app.router.add_post("/v1/certificates", self._issue)
        app.router.add_get("/v1/names", self._answer_names)
        app.router.add_get("/v1/probe", self._answer_probe)
        app.router.add_post("/v1/bootstrap", self._patch_bootstrap)
        return app

    async def _issue(self, request: web.Request) -> web.Response:
        try:
            asked = msgspec.json.decode(await request.read(), type=CertificateRequest)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return _refused(Refusal("bad_request", f"The body is not a certificate request: {error}."))
        answer = await self._certificates.issue_for_token(_bearer(request), asked)
        if isinstance(answer, Refusal):
            return _refused(answer)
        return _json(msgspec.json.encode(answer))

    async def _answer_names(self, request: web.Request) -> web.Response:
        def table_for(tables: NameTables, subject: TokenSubject) -> NameTable:
            return tables.get(_name_of(subject)) or tables.get(subject.namespace, NO_NAMES)

        return await self._answer_newer(request, self._names, table_for, encode=name_table_to_json)

    async def _answer_probe(self, request: web.Request) -> web.Response:
        def probe_for(probes: Probes, subject: TokenSubject) -> ProbeAnswer:
            return _probe_answer(probes.get(_name_of(subject)))

        return await self._answer_newer(request, self._probes, probe_for, encode=msgspec.json.encode)

    async def _patch_bootstrap(self, request: web.Request) -> web.Response:
        try:
            subject = await self._verifier.verify(_bearer(request))
            written = msgspec.json.decode(await request.read(), type=dict[str, Any])
            found = self._patches(_name_of(subject))
            patched = patch_bootstrap(written, found.patches, is_gateway=found.is_gateway) if found else None
        except (TokenError, VerifierError) as error:
            return _refused(_refusal(error))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, BadValueError) as error:
            return _refused(Refusal("bad_request", f"The body is not a bootstrap: {error}."))
        return _json(msgspec.json.encode(patched)) if patched else web.Response(status=204)

    async def _answer_newer(
        self,
        request: web.Request,
        values: LatestValue[T],
        choose: Callable[[T, TokenSubject], V],
        *,
        encode: Callable[[V], bytes],
    ) -> web.Response:
        """What is chosen for the caller, once its version differs from the caller's; 304 when it does not."""
        try:
            subject = await self._verifier.verify(_bearer(request))
        except (TokenError, VerifierError) as error:
            return _refused(_refusal(error))
        version = request.query.get("version", "")
        number = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_wait_seconds(request)):
                while True:
                    number, value = await values.wait_newer(number)
                    chosen = choose(value, subject)
                    if chosen.version != version:
                        return _json(encode(chosen))
        return web.Response(status=304)


def _refusal(error: TokenError | VerifierError) -> Refusal:
    return Refusal("unauthenticated" if isinstance(error, TokenError) else "unavailable", str(error))


def _name_of(subject: TokenSubject) -> str:
    return f"{subject.pod_name}.{subject.namespace}"


def _probe_answer(probe: ReadinessProbe | None) -> ProbeAnswer:
    return ProbeAnswer(digest(msgspec.json.encode(probe)), probe)


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
