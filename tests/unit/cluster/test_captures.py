"""Captured packets as TCP payloads."""

import pytest

from convoy.cluster.supervisor.captures import parse_segment
from convoy.cluster.types import Segment


def _packet(payload: bytes, *, options: bytes = b"", protocol: int = 6, padding: bytes = b"") -> bytes:
    total = 20 + 20 + len(options) + len(payload)
    ip = bytes((0x45, 0)) + total.to_bytes(2, "big") + bytes(5) + bytes((protocol,)) + bytes(2)
    ip += bytes((198, 19, 0, 9)) + bytes((198, 19, 0, 10))
    offset = (20 + len(options)) // 4 << 4
    tcp = (4711).to_bytes(2, "big") + (15443).to_bytes(2, "big") + (7).to_bytes(4, "big") + bytes(4)
    return ip + tcp + bytes((offset,)) + bytes(7) + options + payload + padding


def test_a_segment_has_addresses_ports_and_payload() -> None:
    expected = Segment("198.19.0.9", "198.19.0.10", 4711, 15443, 7, b"hello")
    assert parse_segment(_packet(b"hello")) == expected
    assert parse_segment(_packet(b"hello", options=bytes(12), padding=bytes(6))) == expected


@pytest.mark.parametrize("packet", [b"", b"\x00" * 60, _packet(b""), _packet(b"x", protocol=17)])
def test_what_carries_no_tcp_data_is_passed_over(packet: bytes) -> None:
    assert parse_segment(packet) is None
