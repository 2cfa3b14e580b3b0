"""ServiceEntry (networking.istio.io): a service that the cluster's own registry does not have."""

import enum
from typing import Any, ClassVar

from convoy.api.base import ApiObject, ApiStruct
from convoy.api.istio.common import NETWORKING, IstioStatus, LabelsSelector
from convoy.api.istio.workload_entry import WorkloadEntrySpec


class Location(enum.StrEnum):
    MESH_EXTERNAL = "MESH_EXTERNAL"
    MESH_INTERNAL = "MESH_INTERNAL"


class Resolution(enum.StrEnum):
    NONE = "NONE"
    STATIC = "STATIC"
    DNS = "DNS"
    DNS_ROUND_ROBIN = "DNS_ROUND_ROBIN"
    DYNAMIC_DNS = "DYNAMIC_DNS"


class ServiceEntryPort(ApiStruct, frozen=True):
    number: int
    name: str
    protocol: str = ""
    target_port: int | None = None


class ServiceEntrySpec(ApiStruct, frozen=True):
    hosts: list[str]
    addresses: list[str] = []
    ports: list[ServiceEntryPort] = []
    location: Location = Location.MESH_EXTERNAL
    resolution: Resolution = Resolution.NONE
    endpoints: list[WorkloadEntrySpec] = []
    workload_selector: LabelsSelector | None = None
    export_to: list[str] = []
    subject_alt_names: list[str] = []


class ServiceEntryStatus(IstioStatus, frozen=True):
    """`addresses` are what Istio gave the hosts; objects exported from its clusters have them."""

    addresses: list[dict[str, Any]] = []


class ServiceEntry(ApiObject, frozen=True):
    KIND: ClassVar[str] = "ServiceEntry"
    API_VERSIONS: ClassVar[tuple[str, ...]] = NETWORKING

    spec: ServiceEntrySpec
    status: ServiceEntryStatus = ServiceEntryStatus()
