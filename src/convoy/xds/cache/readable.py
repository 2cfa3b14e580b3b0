"""Encoded resources as plain data, for people: what Envoy would show of them.

The inverse of `encode.py`, from the very bytes that a proxy is sent, so nothing shown can differ from them.
Messages inside `Any` must be known to be shown: the builders bring them, and `views` brings the builders.
A private key is the one thing that is not shown; Envoy's own dump says the same in its place.
"""

from typing import Any

from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf import json_format

import convoy.xds.cache.views  # noqa: F401
from convoy.xds.cache.resources import Resource

REDACTED = "[redacted]"


def readable(resource: Resource) -> dict[str, Any]:
    """The message of a resource with its fields' original names, `@type` first."""
    response = discovery_pb2.DeltaDiscoveryResponse.FromString(resource.delta_chunk)
    plain: dict[str, Any] = json_format.MessageToDict(
        response.resources[0].resource, preserving_proto_field_name=True
    )
    if "private_key" in plain.get("tls_certificate", {}):
        plain["tls_certificate"]["private_key"] = _hidden(plain["tls_certificate"]["private_key"])
    return plain


def _hidden(source: dict[str, Any]) -> dict[str, Any]:
    return {field: value if field == "filename" else REDACTED for field, value in source.items()}
