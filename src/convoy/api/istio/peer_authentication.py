"""PeerAuthentication (security.istio.io): which inbound connections must be mutual TLS."""

import enum
from typing import ClassVar

from convoy.api.base import ApiObject, ApiStruct
from convoy.api.istio.common import SECURITY, IstioStatus, WorkloadSelector


class MtlsMode(enum.StrEnum):
    UNSET = "UNSET"
    DISABLE = "DISABLE"
    PERMISSIVE = "PERMISSIVE"
    STRICT = "STRICT"


class MutualTls(ApiStruct, frozen=True):
    mode: MtlsMode = MtlsMode.UNSET


class PeerAuthenticationSpec(ApiStruct, frozen=True):
    """`port_level_mtls` is keyed by the target port's number, written as text (JSON object keys are text)."""

    selector: WorkloadSelector | None = None
    mtls: MutualTls | None = None
    port_level_mtls: dict[str, MutualTls] = {}


class PeerAuthentication(ApiObject, frozen=True):
    KIND: ClassVar[str] = "PeerAuthentication"
    API_VERSIONS: ClassVar[tuple[str, ...]] = SECURITY

    spec: PeerAuthenticationSpec = PeerAuthenticationSpec()
    status: IstioStatus = IstioStatus()
