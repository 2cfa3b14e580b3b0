"""VirtualService (networking.istio.io): how requests for a host are routed."""

import enum
from typing import ClassVar

from msgspec import field

from convoy.api.base import ApiObject, ApiStruct
from convoy.api.istio.common import (
    NETWORKING,
    Destination,
    Headers,
    IstioStatus,
    Percent,
    StringMatch,
)


class HttpMatchRequest(ApiStruct, frozen=True):
    name: str = ""
    uri: StringMatch | None = None
    scheme: StringMatch | None = None
    method: StringMatch | None = None
    authority: StringMatch | None = None
    headers: dict[str, StringMatch] = {}
    without_headers: dict[str, StringMatch] = {}
    query_params: dict[str, StringMatch] = {}
    ignore_uri_case: bool = False
    port: int | None = None
    source_labels: dict[str, str] = {}
    source_namespace: str = ""
    gateways: list[str] = []
    stat_prefix: str = ""


class HttpRouteDestination(ApiStruct, frozen=True):
    destination: Destination
    weight: int = 0
    headers: Headers = Headers()


class DerivePort(enum.StrEnum):
    FROM_PROTOCOL_DEFAULT = "FROM_PROTOCOL_DEFAULT"
    FROM_REQUEST_PORT = "FROM_REQUEST_PORT"


class HttpRedirect(ApiStruct, frozen=True):
    uri: str = ""
    prefix_rewrite: str = ""
    authority: str = ""
    port: int | None = None
    derive_port: DerivePort | None = None
    scheme: str = ""
    redirect_code: int | None = None


class HttpBody(ApiStruct, frozen=True):
    string: str | None = None
    bytes: str | None = None


class HttpDirectResponse(ApiStruct, frozen=True):
    status: int
    body: HttpBody = HttpBody()


class Delegate(ApiStruct, frozen=True):
    name: str = ""
    namespace: str = ""


class RegexRewrite(ApiStruct, frozen=True):
    match: str = ""
    rewrite: str = ""


class HttpRewrite(ApiStruct, frozen=True):
    uri: str = ""
    authority: str = ""
    uri_regex_rewrite: RegexRewrite | None = None


class HttpRetry(ApiStruct, frozen=True):
    """`attempts` counts retries, not tries; 0 turns retries off."""

    attempts: int = 0
    per_try_timeout: str | None = None
    retry_on: str = ""
    retry_remote_localities: bool | None = None
    retry_ignore_previous_hosts: bool | None = None
    backoff: str | None = None


class FaultDelay(ApiStruct, frozen=True):
    percent: int | None = None
    fixed_delay: str | None = None
    exponential_delay: str | None = None
    percentage: Percent | None = None


class FaultAbort(ApiStruct, frozen=True):
    http_status: int | None = None
    grpc_status: str | None = None
    http2_error: str | None = None
    percentage: Percent | None = None


class HttpFault(ApiStruct, frozen=True):
    delay: FaultDelay | None = None
    abort: FaultAbort | None = None


class HttpMirror(ApiStruct, frozen=True):
    destination: Destination
    percentage: Percent | None = None


class UnmatchedPreflights(enum.StrEnum):
    UNSPECIFIED = "UNSPECIFIED"
    FORWARD = "FORWARD"
    IGNORE = "IGNORE"


class CorsPolicy(ApiStruct, frozen=True):
    allow_origin: list[str] = []
    allow_origins: list[StringMatch] = []
    allow_methods: list[str] = []
    allow_headers: list[str] = []
    expose_headers: list[str] = []
    max_age: str | None = None
    allow_credentials: bool | None = None
    unmatched_preflights: UnmatchedPreflights | None = None


class HttpRoute(ApiStruct, frozen=True):
    name: str = ""
    match: list[HttpMatchRequest] = []
    route: list[HttpRouteDestination] = []
    redirect: HttpRedirect | None = None
    direct_response: HttpDirectResponse | None = None
    delegate: Delegate | None = None
    rewrite: HttpRewrite | None = None
    timeout: str | None = None
    retries: HttpRetry | None = None
    fault: HttpFault | None = None
    mirror: Destination | None = None
    mirrors: list[HttpMirror] = []
    mirror_percentage: Percent | None = None
    mirror_percent: int | None = None
    mirror_percent_alias: int | None = field(name="mirror_percent", default=None)
    cors_policy: CorsPolicy | None = None
    headers: Headers = Headers()


class TlsMatch(ApiStruct, frozen=True):
    sni_hosts: list[str]
    destination_subnets: list[str] = []
    port: int | None = None
    source_labels: dict[str, str] = {}
    source_namespace: str = ""
    gateways: list[str] = []


class L4Match(ApiStruct, frozen=True):
    destination_subnets: list[str] = []
    port: int | None = None
    source_labels: dict[str, str] = {}
    source_namespace: str = ""
    gateways: list[str] = []
    source_subnet: str = ""


class RouteDestination(ApiStruct, frozen=True):
    destination: Destination
    weight: int = 0


class TlsRoute(ApiStruct, frozen=True):
    match: list[TlsMatch]
    route: list[RouteDestination] = []


class TcpRoute(ApiStruct, frozen=True):
    match: list[L4Match] = []
    route: list[RouteDestination] = []


class VirtualServiceSpec(ApiStruct, frozen=True):
    hosts: list[str] = []
    gateways: list[str] = []
    http: list[HttpRoute] = []
    tls: list[TlsRoute] = []
    tcp: list[TcpRoute] = []
    export_to: list[str] = []


class VirtualService(ApiObject, frozen=True):
    KIND: ClassVar[str] = "VirtualService"
    API_VERSIONS: ClassVar[tuple[str, ...]] = NETWORKING

    spec: VirtualServiceSpec = VirtualServiceSpec()
    status: IstioStatus = IstioStatus()
