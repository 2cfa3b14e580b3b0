"""Every field that the API has for a pod is one a kubelet can read: no pod of the API may fail to decode."""

import json
from pathlib import Path
from typing import Any

import kubernetes_validate
import msgspec
import pytest

from convoy.api.base import ApiStruct
from convoy.api.kube import core

_SCHEMAS = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema/v1.32.0-local"


@pytest.fixture(scope="module")
def definitions() -> dict[str, Any]:
    """What Kubernetes 1.32 says of its own objects."""
    found: dict[str, Any] = json.loads((_SCHEMAS / "_definitions.json").read_bytes())["$defs"]
    return found


@pytest.mark.parametrize(
    ("name", "struct"),
    [
        ("PodSpec", core.PodSpec),
        ("PodStatus", core.PodStatus),
        ("Container", core.Container),
        ("EphemeralContainer", core.EphemeralContainer),
        ("Volume", core.Volume),
        ("VolumeMount", core.VolumeMount),
        ("Probe", core.Probe),
        ("HTTPGetAction", core.HttpGetAction),
        ("SecurityContext", core.SecurityContext),
        ("EnvVar", core.EnvVar),
    ],
)
def test_every_field_of_a_pod_is_known(
    definitions: dict[str, Any], name: str, struct: type[ApiStruct]
) -> None:
    fields = {field.encode_name for field in msgspec.structs.fields(struct)}
    assert set(definitions[f"io.k8s.api.core.v1.{name}"]["properties"]) - fields == set()
