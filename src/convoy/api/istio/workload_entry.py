"""WorkloadEntry (networking.istio.io): a workload that is no pod, such as a virtual machine."""

from typing import ClassVar

from convoy.api.base import ApiObject, ApiStruct
from convoy.api.istio.common import NETWORKING, IstioStatus


class WorkloadEntrySpec(ApiStruct, frozen=True):
    """`ports` maps service port names to ports of this address. A ServiceEntry writes the same inline."""

    address: str = ""
    ports: dict[str, int] = {}
    labels: dict[str, str] = {}
    network: str = ""
    locality: str = ""
    weight: int | None = None
    service_account: str = ""


class WorkloadEntry(ApiObject, frozen=True):
    KIND: ClassVar[str] = "WorkloadEntry"
    API_VERSIONS: ClassVar[tuple[str, ...]] = NETWORKING

    spec: WorkloadEntrySpec = WorkloadEntrySpec()
    status: IstioStatus = IstioStatus()
