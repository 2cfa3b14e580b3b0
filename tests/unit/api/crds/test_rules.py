"""Facts about what API servers check by the definitions alone: valid objects pass, CEL refuses the rest."""

import typing
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from tests.kit.generated.objects import SPECS, objects
from tests.kit.generated.values import Json, manifest

from convoy.api.crds import build_crds
from convoy.api.crds.rules import BY_ELEMENT, BY_FIELD, BY_KIND, BY_STRUCT
from convoy.api.kinds import BY_NAME
from convoy.api.validation.limits import LIMITS
from convoy.cluster.schema import validate_custom
from convoy.cluster.schema.schemas import Schemas

CRDS = {crd["spec"]["names"]["kind"]: crd for crd in build_crds()}
WORKLOAD = {"address": "1.2.3.4"}
ENTRY = {"hosts": ["a.example.com"]}


def refusals(obj: Json) -> list[str]:
    """What the definition of its kind says against an object."""
    schemas = Schemas()
    for resource in schemas.set_custom(CRDS[obj["kind"]]):
        if resource.api_version == obj["apiVersion"]:
            found = schemas.find(resource)
            assert found is not None
            return [str(each) for each in validate_custom(found, obj)]
    raise AssertionError(obj["apiVersion"])


@pytest.mark.parametrize("kind", SPECS)
def test_definitions_take_valid_objects(kind: str) -> None:
    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(objects(kind))
    def check(obj: Json) -> None:
        assert refusals(obj) == []

    check()


@pytest.mark.parametrize(
    ("kind", "spec", "says"),
    [
        (
            "ServiceEntry",
            {**ENTRY, "workloadSelector": {}, "endpoints": [WORKLOAD], "resolution": "STATIC"},
            "exclude",
        ),
        ("ServiceEntry", {**ENTRY, "addresses": ["1.2.3.0/24"], "resolution": "DNS"}, "networks"),
        ("ServiceEntry", {**ENTRY, "endpoints": [WORKLOAD]}, "NONE has no endpoints"),
        (
            "ServiceEntry",
            {**ENTRY, "endpoints": [WORKLOAD] * 2, "resolution": "DNS_ROUND_ROBIN"},
            "one endpoint",
        ),
        ("ServiceEntry", {"hosts": ["*"]}, "everything"),
        ("ServiceEntry", {"hosts": []}, "hosts"),
        ("ServiceEntry", {**ENTRY, "ports": [{"number": 1, "name": each} for each in "ab"]}, "used twice"),
        ("ServiceEntry", {**ENTRY, "ports": [{"number": 65536, "name": "a"}]}, "65535"),
        ("ServiceEntry", {**ENTRY, "endpoints": [{}], "resolution": "STATIC"}, "address or a network"),
        ("WorkloadEntry", {}, "address or a network"),
        ("WorkloadEntry", {"address": "unix://a"}, "absolute path"),
        ("WorkloadEntry", {"address": "unix:///a/"}, "folder"),
        ("WorkloadEntry", {"address": "unix:///a", "ports": {"a": 1}}, "socket has no ports"),
        ("WorkloadEntry", {**WORKLOAD, "ports": {"a b": 1}}, "port name"),
        ("WorkloadEntry", {**WORKLOAD, "ports": {"a": 0}}, "ports"),
        ("PeerAuthentication", {"portLevelMtls": {"80": {}}}, "needs a selector"),
        (
            "PeerAuthentication",
            {"selector": {"matchLabels": {"a": "b"}}, "portLevelMtls": {"0": {}}},
            "65535",
        ),
        ("PeerAuthentication", {"selector": {"matchLabels": {"a": "*"}}}, "no wildcards"),
        ("PeerAuthentication", {"selector": {"matchLabels": {"": "a"}}}, "not empty"),
        ("Sidecar", {"workloadSelector": {"labels": {"a": "*"}}}, "no wildcards"),
        ("EnvoyFilter", {"workloadSelector": {}, "targetRefs": [{"kind": "a", "name": "b"}]}, "exclude"),
        ("EnvoyFilter", {"targetRefs": [{"kind": "a", "name": "b", "namespace": "c"}]}, "own namespace"),
        ("EnvoyFilter", {"configPatches": [{"match": {"context": "WAYPOINT"}}]}, "WAYPOINT"),
        ("VirtualService", {"http": [{"timeout": "0s"}]}, "duration"),
        (
            "DestinationRule",
            {"host": "a", "trafficPolicy": {"outlierDetection": {"interval": "x"}}},
            "duration",
        ),
        ("DestinationRule", {"host": "a", "trafficPolicy": {"retryBudget": {"percent": 101}}}, "100"),
    ],
)
def test_definitions_refuse_by_themselves(kind: str, spec: Json, says: str) -> None:
    (said, *more) = refusals(manifest(kind, BY_NAME[kind].api_versions[0], spec))
    assert says in said
    assert more == []


def test_one_source_of_certificates_is_a_rule() -> None:
    tls = {"mode": "SIMPLE", "credentialName": "a", "credentialNames": ["b"]}
    server = {"port": {"number": 443, "name": "a", "protocol": "TLS"}, "hosts": ["*"], "tls": tls}
    (said,) = refusals(manifest("Gateway", "networking.istio.io/v1", {"servers": [server]}))
    assert "exclude each other" in said


def test_rules_are_of_structs_and_fields_that_exist() -> None:
    seen: set[Any] = set()
    for kind in {*SPECS, "PeerAuthentication"}:
        _collect(BY_NAME[kind].struct, seen)
    assert set(BY_STRUCT) <= {struct for struct, _ in seen}
    assert {*BY_FIELD, *BY_ELEMENT, *LIMITS} <= seen
    assert set(BY_KIND) <= set(BY_NAME)


def _collect(annotation: Any, seen: set[Any]) -> None:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        for field in msgspec.structs.fields(annotation):
            seen.add((annotation.__name__, field.encode_name))
            _collect(field.type, seen)
    for inner in typing.get_args(annotation):
        _collect(inner, seen)
