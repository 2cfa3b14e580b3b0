"""Addresses of sockets."""

from envoy.config.core.v3 import address_pb2 as address_v3
from google.protobuf.wrappers_pb2 import UInt32Value


def socket_address(address: str, port: int) -> address_v3.SocketAddress:
    """An IP address or, where Envoy resolves, a host name, with a port."""
    return address_v3.SocketAddress(address=address, port_value=port)


def endpoint_address(address: str, port: int) -> address_v3.Address:
    """Where an endpoint listens: as above, or on a socket: at a path, or with an abstract name."""
    if address.startswith(("/", "@")):
        return address_v3.Address(pipe=address_v3.Pipe(path=address))
    return address_v3.Address(socket_address=socket_address(address, port))


def listen_address(address: str, port: int) -> address_v3.Address:
    """Where a listener listens, or would if it were bound."""
    return address_v3.Address(socket_address=socket_address(address, port))


def bound_address(address: str, port: int) -> address_v3.Address:
    """Where a gateway listens: at an IP address, or a unix socket (`/path`, or `@name` in no file system)."""
    if address.startswith(("/", "@")):
        return address_v3.Address(pipe=address_v3.Pipe(path=address))
    return listen_address(address, port)


def single_address(address: str) -> address_v3.CidrRange:
    """The network that is one IP address."""
    return address_v3.CidrRange(
        address_prefix=address, prefix_len=UInt32Value(value=128 if ":" in address else 32)
    )
