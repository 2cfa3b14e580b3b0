"""Values of protobuf's well-known types, made the same way everywhere."""

from datetime import timedelta

from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.wrappers_pb2 import UInt32Value


def packed(message: Message) -> Any:
    """A message in an Any; deterministic, for bytes are compared by their hash."""
    result = Any()
    result.Pack(message, deterministic=True)
    return result


def milliseconds(count: int) -> Duration:
    """A Duration of some milliseconds."""
    result = Duration()
    result.FromTimedelta(timedelta(milliseconds=count))
    return result


def seconds(count: int) -> Duration:
    """A Duration of some seconds."""
    return Duration(seconds=count)


def uint32(value: int) -> UInt32Value:
    """A number where Envoy tells 0 from unset."""
    return UInt32Value(value=value)
