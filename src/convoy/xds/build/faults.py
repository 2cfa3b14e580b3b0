"""The filter that delays and refuses requests on purpose, and what a route tells it.

The filter stands in every chain whose routes users write and does nothing by itself: a rule that gets a fault
changes its route alone, and no connection is drained for it.
"""

from envoy.extensions.filters.common.fault.v3 import fault_pb2 as common_fault_v3
from envoy.extensions.filters.http.fault.v3 import fault_pb2 as fault_v3
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2 as hcm_v3

from convoy.mesh.model import Abort, Delay, Fault
from convoy.xds.build.packing import milliseconds, packed
from convoy.xds.build.percentages import fraction

FAULT = "envoy.filters.http.fault"


def build_fault_filter() -> hcm_v3.HttpFilter:
    """The filter, idle."""
    return hcm_v3.HttpFilter(name=FAULT, typed_config=packed(fault_v3.HTTPFault()))


def build_fault(fault: Fault) -> fault_v3.HTTPFault:
    """What the filter does to a route's requests."""
    return fault_v3.HTTPFault(
        delay=_delay(fault.delay) if fault.delay else None,
        abort=_abort(fault.abort) if fault.abort else None,
    )


def _delay(delay: Delay) -> common_fault_v3.FaultDelay:
    return common_fault_v3.FaultDelay(
        fixed_delay=milliseconds(delay.delay_ms), percentage=fraction(delay.share)
    )


def _abort(abort: Abort) -> fault_v3.FaultAbort:
    result = fault_v3.FaultAbort(percentage=fraction(abort.share))
    if abort.grpc_status is not None:
        result.grpc_status = abort.grpc_status
    elif abort.http_status is not None:
        result.http_status = abort.http_status
    return result
