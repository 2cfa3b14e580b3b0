"""Patches of a proxy's bootstrap, with which it starts: later changes count at its next start."""

from collections.abc import Sequence
from typing import Any

from envoy.config.bootstrap.v3 import bootstrap_pb2 as bootstrap_v3
from google.protobuf import json_format

from convoy.api.istio.envoy_filter import ApplyTo
from convoy.mesh.model import EnvoyPatch
from convoy.xds.build.envoy_filters.changes import changes_in, contexts_of, of_kind
from convoy.xds.build.envoy_filters.values import parse_value

Json = dict[str, Any]


def patch_bootstrap(bootstrap: Json, patches: Sequence[EnvoyPatch], *, is_gateway: bool) -> Json | None:
    """The bootstrap once the patches were merged into it; None when there are none.

    BadValueError when `bootstrap` itself is none.
    """
    changes = [
        change
        for change in dict.fromkeys(
            change
            for context in contexts_of(is_gateway=is_gateway)
            for change in changes_in(patches, context)
        )
        if change.merges
    ]
    fitting = of_kind(changes, ApplyTo.BOOTSTRAP)
    if not fitting:
        return None
    message = bootstrap_v3.Bootstrap()
    message.CopyFrom(parse_value(bootstrap, bootstrap_v3.Bootstrap))
    for change in fitting:
        change.merge_into(message)
    patched: Json = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return patched
