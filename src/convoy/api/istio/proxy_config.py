"""ProxyConfig (networking.istio.io): with what the proxies of a namespace, or some of them, are started."""

from typing import ClassVar

from convoy.api.base import ApiObject, ApiStruct
from convoy.api.istio.common import IstioStatus, WorkloadSelector


class ProxyImage(ApiStruct, frozen=True):
    image_type: str = ""


class ProxyConfigSpec(ApiStruct, frozen=True):
    """`concurrency` counts worker threads; 0 means one per core."""

    selector: WorkloadSelector | None = None
    concurrency: int | None = None
    environment_variables: dict[str, str] = {}
    image: ProxyImage | None = None


class ProxyConfig(ApiObject, frozen=True):
    KIND: ClassVar[str] = "ProxyConfig"
    API_VERSIONS: ClassVar[tuple[str, ...]] = ("networking.istio.io/v1beta1",)

    spec: ProxyConfigSpec = ProxyConfigSpec()
    status: IstioStatus = IstioStatus()
