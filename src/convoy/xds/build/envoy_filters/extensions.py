"""Configuration of extensions that filters ask for by name (ECDS), which only EnvoyFilters add."""

from collections.abc import Sequence

from envoy.config.core.v3 import extension_pb2 as extension_v3

from convoy.api.istio.envoy_filter import ApplyTo, Operation
from convoy.mesh.model import EnvoyPatch
from convoy.xds.build.envoy_filters.changes import changes_in, contexts_of, of_kind

Extension = extension_v3.TypedExtensionConfig


def added_extensions(patches: Sequence[EnvoyPatch], *, is_gateway: bool) -> list[Extension]:
    """What is added, each name once: the first counts."""
    contexts = contexts_of(is_gateway=is_gateway)
    added: dict[str, Extension] = {}
    for context in contexts:
        for change in of_kind(changes_in(patches, context), ApplyTo.EXTENSION_CONFIG):
            value = change.value(Extension) if change.operation is Operation.ADD else None
            if value is not None:
                added.setdefault(value.name, value)
    return list(added.values())
