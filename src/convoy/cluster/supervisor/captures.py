"""What crosses the border of a cluster: TCP payloads read from its router's uplink.

The socket is of type AF_PACKET, which sees packets as they are on the wire; what the service proxy rewrites
there is already, or still, in the form the other clusters see.
"""

import asyncio
import ipaddress
import socket
import struct

from convoy.cluster.linux.netns import inside
from convoy.cluster.network.links import UPLINK
from convoy.cluster.types import Segment

_EVERY_PROTOCOL = 0x0003  # a socket for IPv4 alone would see only what comes in
_LARGEST_PACKET = 1 << 16
_RECEIVE_BUFFER = 8 << 20
MAX_PAYLOAD = 8 << 20
_TCP_PORTS_AND_SEQUENCE = struct.Struct(">HHI")


class Capture:
    """Collects the payloads of one TCP port until stopped, at most `MAX_PAYLOAD` bytes."""

    def __init__(self, netns: int, port: int) -> None:
        self._port = port
        self._segments: list[Segment] = []
        self._size = 0
        with inside(netns):
            self._socket = socket.socket(
                socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, socket.htons(_EVERY_PROTOCOL)
            )
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        self._socket.bind((UPLINK, _EVERY_PROTOCOL))
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def _read(self) -> None:
        while True:
            try:
                packet = self._socket.recv(_LARGEST_PACKET)
            except BlockingIOError:
                return
            segment = parse_segment(packet)
            if segment is None or self._port not in (segment.sport, segment.dport):
                continue
            if self._size + len(segment.payload) <= MAX_PAYLOAD:
                self._segments.append(segment)
                self._size += len(segment.payload)

    def stop(self) -> list[Segment]:
        """What was seen, in order."""
        self._read()
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        return self._segments


def parse_segment(packet: bytes) -> Segment | None:
    """The payload of an IPv4 packet that carries TCP data; None for anything else."""
    if len(packet) < 40 or packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_TCP:
        return None
    header = (packet[0] & 0x0F) * 4
    total = int.from_bytes(packet[2:4], "big") or len(packet)  # 0 where the device segments for us
    sport, dport, seq = _TCP_PORTS_AND_SEQUENCE.unpack_from(packet, header)
    payload = packet[header + (packet[header + 12] >> 4) * 4 : total]
    if not payload:
        return None
    src, dst = (str(ipaddress.IPv4Address(packet[start : start + 4])) for start in (12, 16))
    return Segment(src, dst, sport, dport, seq, payload)
