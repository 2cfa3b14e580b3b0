"""Blocks shared by several Istio kinds (Istio API reference, networking and security)."""

import enum
from typing import Any

from convoy.api.base import ApiStruct


class StringMatch(ApiStruct, frozen=True):
    """At most one of the three; an empty object tests for presence. `regex` (RE2) matches the whole value."""

    exact: str | None = None
    prefix: str | None = None
    regex: str | None = None


class PortSelector(ApiStruct, frozen=True):
    number: int


class Destination(ApiStruct, frozen=True):
    """Where to send a request. A host without a dot is expanded with the namespace of the rule."""

    host: str
    subset: str = ""
    port: PortSelector | None = None


class HeaderOperations(ApiStruct, frozen=True):
    set: dict[str, str] = {}
    add: dict[str, str] = {}
    remove: list[str] = []


class Headers(ApiStruct, frozen=True):
    request: HeaderOperations = HeaderOperations()
    response: HeaderOperations = HeaderOperations()


class Percent(ApiStruct, frozen=True):
    value: float = 0.0


class WorkloadSelector(ApiStruct, frozen=True):
    """`selector.matchLabels`: equality on labels; empty selects the whole namespace."""

    match_labels: dict[str, str] = {}


class LabelsSelector(ApiStruct, frozen=True):
    """`workloadSelector.labels`: the older spelling of the same."""

    labels: dict[str, str] = {}


class TargetReference(ApiStruct, frozen=True):
    """An object that a policy attaches to instead of selecting workloads; in its own namespace."""

    kind: str
    name: str
    group: str = ""
    namespace: str = ""


class IstioStatus(ApiStruct, frozen=True):
    conditions: list[dict[str, Any]] = []
    validation_messages: list[dict[str, Any]] = []
    observed_generation: int | str | None = None


class TlsProtocol(enum.StrEnum):
    TLS_AUTO = "TLS_AUTO"
    TLSV1_0 = "TLSV1_0"
    TLSV1_1 = "TLSV1_1"
    TLSV1_2 = "TLSV1_2"
    TLSV1_3 = "TLSV1_3"


NETWORKING = ("networking.istio.io/v1", "networking.istio.io/v1beta1", "networking.istio.io/v1alpha3")
SECURITY = ("security.istio.io/v1", "security.istio.io/v1beta1")
