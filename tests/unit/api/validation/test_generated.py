"""Objects whose verdict is known by construction: valid ones, and those with exactly one violation."""

import os
import typing
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from tests.kit.generated.objects import SPECS, objects
from tests.kit.generated.values import Json, Strategy, manifest
from tests.kit.generated.virtual_services import delegates, virtual_services
from tests.unit.api.validation.planting import Plant, plant
from tests.unit.api.validation.plants import PLANTS
from tests.unit.api.validation.rules import RULES

from convoy.api import codes
from convoy.api.kinds import BY_NAME
from convoy.api.problems import Problem
from convoy.api.reading import read_object

# Quick by default; `make soak` sets the time that it takes.
_SCALE = max(1, int(os.environ.get("CONVOY_SOAK_SECONDS", "0")) // 10)
_IS_SOAK = _SCALE > 1


def _exploring(count: int) -> settings:
    """Other objects in every run; one that fails is made small."""
    return settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))


def _looking(count: int) -> settings:
    """The same objects in every run, none made small."""
    checks = list(HealthCheck)
    return settings(
        max_examples=count,
        deadline=None,
        suppress_health_check=checks,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
    )


_MESH = (None, ["mesh"], ["mesh", "istio-system/public"])
_BASES: Mapping[str, Strategy] = {
    "mesh": virtual_services(_MESH),
    "mesh http": virtual_services(_MESH, ("http",)),
    "gateway http": virtual_services((["public"],), ("http",)),
    "delegate": delegates(),
}
# Fields that Istio has and refuses.
_REFUSED = {
    ("FaultDelay", "exponentialDelay"),
    ("FaultAbort", "http2Error"),
    ("GatewayPort", "targetPort"),
    ("SidecarPort", "targetPort"),
    ("TargetReference", "namespace"),
}
# Of a Sidecar's listeners: only Gateways have them, and their objects show them.
_GATEWAYS_ONLY = {
    ("ServerTlsSettings", name)
    for name in ("httpsRedirect", "credentialName", "credentialNames", "caCertCredentialName")
} | {("ServerTlsSettings", name) for name in ("subjectAltNames", "tlsCertificates")}
_GATEWAYS_ONLY |= {("TlsCertificate", name) for name in ("serverCertificate", "privateKey", "caCertificates")}


def problems_of(obj: Json) -> list[Problem]:
    """What is wrong with it, but for what is not built yet."""
    return [each for each in read_object(obj).problems if each.code is not codes.NOT_BUILT_FIELD]


@pytest.mark.parametrize("kind", SPECS)
def test_valid_objects_are_accepted(kind: str) -> None:
    @_exploring(60 * _SCALE)
    @given(objects(kind))
    def check(obj: Json) -> None:
        assert [str(each) for each in problems_of(obj) if each.is_error] == []

    check()


@pytest.mark.parametrize("kind", SPECS)
def test_fields_appear_in_valid_objects(kind: str) -> None:
    seen: set[tuple[str, str]] = set()

    @_looking(80)
    @given(objects(kind))
    def look(obj: Json) -> None:
        seen.update(_fields_set_in(obj))

    look()
    wanted = set(_fields_of(typing.get_type_hints(BY_NAME[kind].struct)["spec"])) - _REFUSED
    missing = sorted(wanted - seen - (_GATEWAYS_ONLY if kind == "Sidecar" else set()))
    assert len(missing) * 2 <= len(wanted), missing
    for field in missing if _IS_SOAK else ():  # what is rare takes long to be met
        find(objects(kind), partial(_sets, field=field), settings=_looking(10_000))


def _sets(obj: Json, *, field: tuple[str, str]) -> bool:
    return field in _fields_set_in(obj)


def _fields_set_in(obj: Json) -> Iterator[tuple[str, str]]:
    return _set_fields(
        msgspec.convert(obj["spec"], typing.get_type_hints(BY_NAME[obj["kind"]].struct)["spec"])
    )


def _set_fields(value: Any) -> Iterator[tuple[str, str]]:
    """The fields that say something else than their default, by struct."""
    if isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(type(value)):
            inner = getattr(value, field.name)
            if field.required or inner != field.default:
                yield type(value).__name__, field.encode_name
            yield from _set_fields(inner)
    elif isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _set_fields(inner)


def _fields_of(annotation: Any) -> Iterator[tuple[str, str]]:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        for field in msgspec.structs.fields(annotation):
            yield annotation.__name__, field.encode_name
            yield from _fields_of(field.type)
    for inner in typing.get_args(annotation):
        yield from _fields_of(inner)


@pytest.mark.parametrize("planted", PLANTS, ids=str)
def test_one_violation_is_found_with_its_code_and_field_and_nothing_else(planted: Plant) -> None:
    @_looking(3 * _SCALE)
    @given(
        _BASES[planted.base] if planted.base else SPECS[planted.kind],
        st.sampled_from(BY_NAME[planted.kind].api_versions),
    )
    def check(spec: Json, version: str) -> None:
        obj = manifest(planted.kind, version, spec, namespace="planted")
        found = problems_of(plant(obj, planted))
        expected = {(planted.code, planted.field)}
        errors = {(each.code, each.field) for each in found if each.is_error}
        assert errors == (expected if planted.code.level == "error" else set()), [str(e) for e in found]
        assert expected <= {(each.code, each.field) for each in found}, [str(e) for e in found]

    check()


def test_every_rule_is_planted_and_every_plant_breaks_one() -> None:
    assert {planted.rule for planted in PLANTS} == set(RULES)


def test_plants_are_different_ones() -> None:
    assert len(set(map(str, PLANTS))) > len(PLANTS) * 0.8
