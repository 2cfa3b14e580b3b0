"""Shares of requests, in Envoy's words."""

from envoy.config.core.v3 import base_pb2 as core_v3
from envoy.type.v3 import percent_pb2 as percent_v3


def fraction(share: int) -> percent_v3.FractionalPercent:
    """A share in millionths."""
    return percent_v3.FractionalPercent(numerator=share, denominator=percent_v3.FractionalPercent.MILLION)


def runtime_fraction(share: int) -> core_v3.RuntimeFractionalPercent:
    """A share in millionths where Envoy would let its runtime decide, too."""
    return core_v3.RuntimeFractionalPercent(default_value=fraction(share))
