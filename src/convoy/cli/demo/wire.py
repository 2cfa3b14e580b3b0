"""What a capture of TCP payloads shows: is all of it TLS, and does a text occur in it?

Works on captured segments, reassembled per direction by sequence number. TLS records are recognised by their
five-byte headers (RFC 8446, section 5.1); from the first byte of a stream on, record follows record.
"""

from collections.abc import Iterable

import msgspec

TLS_CONTENT_TYPES = frozenset({20, 21, 22, 23})
RECORD_HEADER = 5


class Segment(msgspec.Struct, frozen=True):
    """One captured TCP payload; `stream` names its connection and direction."""

    stream: str
    sequence: int
    payload: bytes


class WireReport(msgspec.Struct, frozen=True):
    """Bytes seen in all, those that are part of TLS records, and how often a marker occurred in the clear."""

    streams: int
    total_bytes: int
    tls_bytes: int
    markers: int


def reassemble(segments: Iterable[Segment]) -> dict[str, bytes]:
    """The bytes of each stream, in order, retransmissions once; a gap ends a stream."""
    by_stream: dict[str, list[Segment]] = {}
    for segment in segments:
        if segment.payload:
            by_stream.setdefault(segment.stream, []).append(segment)
    return {stream: _joined(parts) for stream, parts in by_stream.items()}


def _joined(parts: list[Segment]) -> bytes:
    # Sequence numbers wrap at 2^32 (RFC 9293): distances from the first segment captured are compared.
    start = parts[0].sequence
    ordered = sorted(parts, key=lambda part: _distance(start, part.sequence))
    start = ordered[0].sequence
    data = bytearray()
    for part in ordered:
        offset = _distance(start, part.sequence)
        if offset > len(data):
            break
        data[offset : offset + len(part.payload)] = part.payload
    return bytes(data)


def _distance(start: int, sequence: int) -> int:
    return (sequence - start + 2**31) % 2**32 - 2**31


def tls_length(stream: bytes) -> int:
    """How many of a stream's leading bytes are TLS records; the capture may cut off the last one."""
    position = 0
    while position + RECORD_HEADER <= len(stream):
        content_type, major = stream[position], stream[position + 1]
        if content_type not in TLS_CONTENT_TYPES or major != 3:
            return position
        position += RECORD_HEADER + int.from_bytes(stream[position + 3 : position + 5], "big")
    return len(stream)


def examine(segments: Iterable[Segment], marker: bytes) -> WireReport:
    """Sum up a capture; `marker` is a text that was sent through the mesh and must not be readable."""
    streams = reassemble(segments)
    return WireReport(
        streams=len(streams),
        total_bytes=sum(map(len, streams.values())),
        tls_bytes=sum(map(tls_length, streams.values())),
        markers=sum(stream.count(marker) for stream in streams.values()),
    )
