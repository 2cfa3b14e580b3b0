"""Bodies that a real kubectl sent, beside the same objects as it prints them (`--dry-run=client -o json`)."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from convoy.cluster.apiserver.protobuf import decode_body

CAPTURED = json.loads(Path(__file__).with_name("kubectl-1.33.json").read_text())


@pytest.mark.parametrize("captured", CAPTURED, ids=[each["command"] for each in CAPTURED])
def test_a_body_of_kubectl_is_the_object_it_prints(captured: dict[str, Any]) -> None:
    assert decode_body(base64.b64decode(captured["body"])) == captured["object"]


def captured(words: str) -> dict[str, Any]:
    return next(
        decode_body(base64.b64decode(each["body"])) for each in CAPTURED if f" {words} " in each["command"]
    )


def test_empty_values_in_maps_are_kept() -> None:
    assert captured("create configmap")["data"] == {"a": "1", "empty": ""}
    assert captured("create secret generic")["data"]["none"] == ""


def test_a_zero_that_was_set_is_kept_and_one_that_was_not_is_dropped() -> None:
    spec = captured("create deployment web")["spec"]
    assert spec["replicas"] == 0
    assert "minReadySeconds" not in spec
