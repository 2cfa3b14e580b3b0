"""Every field of the API is one of three: proved by a test with real Envoys, without effect, or not built."""

import pytest
from tests.traffic.coverage import (
    Claims,
    claims,
    covered_kinds,
    leaves,
    proved_unbuilt,
    unknown_claims,
    unproved,
)

from convoy.api.validation.unbuilt import EFFECTLESS, NOT_BUILT

MOST_EFFECTLESS = 20


@pytest.fixture(scope="module")
def found() -> Claims:
    return claims()


def test_tests_claim_fields_that_exist(found: Claims) -> None:
    assert unknown_claims(found) == []


@pytest.mark.parametrize("kind", covered_kinds())
def test_every_field_is_proved_or_excused(found: Claims, kind: str) -> None:
    """`python -m tests.traffic.coverage` lists what is missing."""
    assert unproved(kind, found) == []


@pytest.mark.parametrize("kind", covered_kinds())
def test_what_is_proved_is_not_declared_as_missing(found: Claims, kind: str) -> None:
    assert proved_unbuilt(kind, found) == []


def test_few_fields_are_without_effect_and_each_says_why() -> None:
    listed = [(kind, path, each) for kind, fields in EFFECTLESS.items() for path, each in fields.items()]
    assert len(listed) <= MOST_EFFECTLESS
    assert [path for kind, path, _ in listed if path not in leaves(kind)] == []
    assert [path for _, path, each in listed if not each.reason or "envoyproxy" not in each.address] == []


def test_tables_name_fields_that_exist() -> None:
    for kind, lines in NOT_BUILT.items():
        for line in filter(str.strip, lines.splitlines()):
            path = line.partition("=")[0].strip()
            assert any(f"{each}.".startswith(f"{path}.") for each in leaves(kind)), f"{kind} {path}"
