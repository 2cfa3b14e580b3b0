"""Make the connections that a filter chain opens upstream offer another ALPN than their cluster does.

One cluster serves both halves of a port of protocol AUTO and offers the ALPN of HTTP. Its chain for bytes
says otherwise with the stock filter `set_filter_state`: Envoy reads the key below when it opens the TLS
connection.
"""

from collections.abc import Iterable

from envoy.config.core.v3 import substitution_format_string_pb2 as format_v3
from envoy.config.listener.v3 import listener_components_pb2 as listener_parts_v3
from envoy.extensions.filters.common.set_filter_state.v3 import value_pb2 as filter_state_v3
from envoy.extensions.filters.network.set_filter_state.v3 import set_filter_state_pb2 as set_filter_state_v3

from convoy.xds.build.packing import packed

_KEY = "envoy.network.application_protocols"


def build_alpn_override(alpn: Iterable[str]) -> listener_parts_v3.Filter:
    """A network filter, to stand before the one that opens connections."""
    text = format_v3.SubstitutionFormatString()
    text.text_format_source.inline_string = ",".join(alpn)
    value = filter_state_v3.FilterStateValue(
        object_key=_KEY,
        format_string=text,
        shared_with_upstream=filter_state_v3.FilterStateValue.ONCE,
    )
    return listener_parts_v3.Filter(
        name="envoy.filters.network.set_filter_state",
        typed_config=packed(set_filter_state_v3.Config(on_new_connection=[value])),
    )
