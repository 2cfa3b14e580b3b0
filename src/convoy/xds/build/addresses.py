"""Addresses of sockets."""

from envoy.config.core.v3 import address_pb2 as address_v3


def socket_address(address: str, port: int) -> address_v3.SocketAddress:
    """An IP address or, where Envoy resolves, a host name, with a port."""
    return address_v3.SocketAddress(address=address, port_value=port)


def endpoint_address(address: str, port: int) -> address_v3.Address:
    """Where an endpoint listens: as above, or on a socket at an absolute path."""
    if address.startswith("/"):
        return address_v3.Address(pipe=address_v3.Pipe(path=address))
    return address_v3.Address(socket_address=socket_address(address, port))


def listen_address(address: str, port: int) -> address_v3.Address:
    """Where a listener listens, or would if it were bound."""
    return address_v3.Address(socket_address=socket_address(address, port))
