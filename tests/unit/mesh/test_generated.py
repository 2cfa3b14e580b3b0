"""Any valid objects together: they mean something, whatever their order, and nobody else's is changed."""

import os
import random
from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.kit.generated.values import Json, manifest
from tests.kit.generated.world import batches, read_world, resolve_world

from convoy.api.base import ApiObject
from convoy.xds.cache.consistency import find_inconsistencies
from convoy.xds.cache.memo import Memo
from convoy.xds.cache.resources import XdsModel
from convoy.xds.cache.views import build_model

_SCALE = max(1, int(os.environ.get("CONVOY_SOAK_SECONDS", "0")) // 10)
_UNRELATED: Sequence[Json] = (
    manifest(
        "ServiceEntry",
        "networking.istio.io/v1",
        {
            "hosts": ["unrelated.example.net"],
            "ports": [{"number": 12345, "name": "tcp", "protocol": "TCP"}],
            "addresses": ["240.9.9.9"],
            "exportTo": ["."],
        },
        name="unrelated",
        namespace="unrelated",
    ),
    manifest(
        "VirtualService",
        "networking.istio.io/v1",
        {
            "hosts": ["unrelated.example.net"],
            "exportTo": ["."],
            "tcp": [{"route": [{"destination": {"host": "unrelated.example.net"}}]}],
        },
        name="unrelated",
        namespace="unrelated",
    ),
)


def _exploring(count: int) -> settings:
    return settings(max_examples=count * _SCALE, deadline=None, suppress_health_check=list(HealthCheck))


def model_of(objects: Sequence[ApiObject]) -> XdsModel:
    return build_model(resolve_world(objects), None, Memo())


def bodies(model: XdsModel) -> dict[str, list[tuple[str, bytes]]]:
    """What each proxy is served."""
    return {
        name: [
            (f"{kind}/{resource.name}", resource.delta_chunk)
            for kind in ("clusters", "endpoints", "listeners", "routes", "secrets")
            for resource in getattr(proxy, kind).values()
        ]
        for name, proxy in model.proxies.items()
    }


@_exploring(20)
@given(batches())
def test_any_valid_objects_can_be_built_and_are_consistent(batch: list[Json]) -> None:
    for name, proxy in model_of(read_world(batch)).proxies.items():
        assert find_inconsistencies(proxy).is_servable, name


@_exploring(8)
@given(batches(), st.randoms(use_true_random=False))
def test_the_same_objects_in_any_order_give_the_same_bytes(batch: list[Json], order: random.Random) -> None:
    objects = read_world(batch)
    shuffled = list(objects)
    order.shuffle(shuffled)
    assert bodies(model_of(objects)) == bodies(model_of(shuffled))


@_exploring(8)
@given(batches())
def test_an_unrelated_object_changes_no_bytes(batch: list[Json]) -> None:
    before = bodies(model_of(read_world(batch)))
    after = bodies(model_of(read_world([*batch, *_UNRELATED])))
    assert {name: after[name] for name in before} == before
