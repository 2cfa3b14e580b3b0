"""WorkloadGroup (networking.istio.io): what WorkloadEntries of one kind have in common."""

from typing import ClassVar

from convoy.api.base import ApiObject, ApiStruct
from convoy.api.istio.common import NETWORKING, IstioStatus
from convoy.api.istio.workload_entry import WorkloadEntrySpec


class GroupMetadata(ApiStruct, frozen=True):
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class HttpHeader(ApiStruct, frozen=True):
    name: str = ""
    value: str = ""


class HttpGetProbe(ApiStruct, frozen=True):
    port: int
    path: str = ""
    host: str = ""
    scheme: str = ""
    http_headers: list[HttpHeader] = []


class TcpSocketProbe(ApiStruct, frozen=True):
    port: int
    host: str = ""


class ExecProbe(ApiStruct, frozen=True):
    command: list[str] = []


class GrpcProbe(ApiStruct, frozen=True):
    port: int | None = None
    service: str = ""


class ReadinessProbe(ApiStruct, frozen=True):
    """How a workload is asked whether it is ready: exactly one of the four ways. Times are in seconds."""

    initial_delay_seconds: int = 0
    timeout_seconds: int = 0
    period_seconds: int = 0
    success_threshold: int = 0
    failure_threshold: int = 0
    http_get: HttpGetProbe | None = None
    tcp_socket: TcpSocketProbe | None = None
    exec: ExecProbe | None = None
    grpc: GrpcProbe | None = None


class WorkloadGroupSpec(ApiStruct, frozen=True):
    template: WorkloadEntrySpec
    metadata: GroupMetadata = GroupMetadata()
    probe: ReadinessProbe | None = None


class WorkloadGroup(ApiObject, frozen=True):
    KIND: ClassVar[str] = "WorkloadGroup"
    API_VERSIONS: ClassVar[tuple[str, ...]] = NETWORKING

    spec: WorkloadGroupSpec
    status: IstioStatus = IstioStatus()
