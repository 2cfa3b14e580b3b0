"""Whether the values of patches are the Envoy messages that they should be.

The meaning of an EnvoyFilter that needs no knowledge of Envoy is checked in `api.validation.envoy_filter`.
"""

from collections.abc import Iterable, Iterator, Mapping

from envoy.config.bootstrap.v3 import bootstrap_pb2 as bootstrap_v3
from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3
from envoy.config.core.v3 import extension_pb2 as extension_v3
from envoy.config.listener.v3 import listener_components_pb2 as listener_parts_v3
from envoy.config.listener.v3 import listener_pb2 as listener_v3
from envoy.config.route.v3 import route_components_pb2 as route_parts_v3
from envoy.config.route.v3 import route_pb2 as route_v3
from envoy.extensions.filters.network.http_connection_manager.v3 import (
    http_connection_manager_pb2 as hcm_v3,
)
from google.protobuf.message import Message

from convoy.api import codes
from convoy.api.istio.envoy_filter import ApplyTo, ConfigPatch, EnvoyFilter
from convoy.api.kinds import key_of
from convoy.api.paths import item_path
from convoy.api.problems import Problem
from convoy.xds.build.envoy_filters.values import BadValueError, parse_value

KINDS: Mapping[ApplyTo, type[Message]] = {
    ApplyTo.LISTENER: listener_v3.Listener,
    ApplyTo.LISTENER_FILTER: listener_parts_v3.ListenerFilter,
    ApplyTo.FILTER_CHAIN: listener_parts_v3.FilterChain,
    ApplyTo.NETWORK_FILTER: listener_parts_v3.Filter,
    ApplyTo.HTTP_FILTER: hcm_v3.HttpFilter,
    ApplyTo.ROUTE_CONFIGURATION: route_v3.RouteConfiguration,
    ApplyTo.VIRTUAL_HOST: route_parts_v3.VirtualHost,
    ApplyTo.HTTP_ROUTE: route_parts_v3.Route,
    ApplyTo.CLUSTER: cluster_v3.Cluster,
    ApplyTo.EXTENSION_CONFIG: extension_v3.TypedExtensionConfig,
    ApplyTo.BOOTSTRAP: bootstrap_v3.Bootstrap,
}


def find_bad_values(filters: Iterable[EnvoyFilter]) -> Iterator[Problem]:
    """A problem for each value that is no such message; the patch that has it changes nothing."""
    for one in filters:
        for number, patch in enumerate(one.spec.config_patches):
            if reason := _fault(patch):
                yield Problem(
                    code=codes.BAD_PATCH,
                    key=key_of(one),
                    field=f"{item_path('spec.configPatches', number)}.patch.value",
                    message=f"is not what {patch.apply_to} takes: {reason.rstrip('.')}.",
                    remedy="Write it as Envoy's reference has the message, with its @type fields.",
                )


def _fault(patch: ConfigPatch) -> str:
    kind = KINDS.get(patch.apply_to)
    if kind is None or patch.patch is None or patch.patch.value is None:
        return ""
    try:
        parse_value(patch.patch.value, kind)
    except BadValueError as error:
        return str(error)
    return ""
