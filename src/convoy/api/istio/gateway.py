"""Gateway (networking.istio.io): what a gateway proxy listens for."""

import enum
from typing import ClassVar

from convoy.api.base import ApiObject, ApiStruct
from convoy.api.istio.common import NETWORKING, IstioStatus, TlsProtocol


class ServerTlsMode(enum.StrEnum):
    PASSTHROUGH = "PASSTHROUGH"
    SIMPLE = "SIMPLE"
    MUTUAL = "MUTUAL"
    AUTO_PASSTHROUGH = "AUTO_PASSTHROUGH"
    ISTIO_MUTUAL = "ISTIO_MUTUAL"
    OPTIONAL_MUTUAL = "OPTIONAL_MUTUAL"


class TlsCertificate(ApiStruct, frozen=True):
    server_certificate: str = ""
    private_key: str = ""
    ca_certificates: str = ""


class ServerTlsSettings(ApiStruct, frozen=True):
    https_redirect: bool = False
    mode: ServerTlsMode = ServerTlsMode.PASSTHROUGH
    server_certificate: str = ""
    private_key: str = ""
    ca_certificates: str = ""
    ca_crl: str = ""
    credential_name: str = ""
    credential_names: list[str] = []
    ca_cert_credential_name: str = ""
    tls_certificates: list[TlsCertificate] = []
    subject_alt_names: list[str] = []
    verify_certificate_spki: list[str] = []
    verify_certificate_hash: list[str] = []
    min_protocol_version: TlsProtocol | None = None
    max_protocol_version: TlsProtocol | None = None
    cipher_suites: list[str] = []
    ecdh_curves: list[str] = []
    insecure_skip_verify: bool | None = None


class GatewayPort(ApiStruct, frozen=True):
    number: int
    name: str
    protocol: str
    target_port: int | None = None


class Server(ApiStruct, frozen=True):
    port: GatewayPort
    hosts: list[str]
    name: str = ""
    bind: str = ""
    tls: ServerTlsSettings | None = None
    default_endpoint: str = ""


class GatewaySpec(ApiStruct, frozen=True):
    servers: list[Server] = []
    selector: dict[str, str] = {}


class Gateway(ApiObject, frozen=True):
    KIND: ClassVar[str] = "Gateway"
    API_VERSIONS: ClassVar[tuple[str, ...]] = NETWORKING

    spec: GatewaySpec = GatewaySpec()
    status: IstioStatus = IstioStatus()
