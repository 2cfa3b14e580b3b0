"""A capture tells TLS from plain text, whatever the order of its segments."""

from hypothesis import given
from hypothesis import strategies as st

from convoy.cli.demo.wire import Segment, examine, reassemble, tls_length


def record(body: bytes, content_type: int = 23) -> bytes:
    return bytes([content_type, 3, 3]) + len(body).to_bytes(2, "big") + body


def cut(stream: bytes, sizes: list[int], start: int) -> list[Segment]:
    segments, position = [], 0
    for size in [*sizes, len(stream)]:
        part = stream[position : position + size]
        segments.append(Segment("a", (start + position) % 2**32, part))
        position += len(part)
    return segments


@given(
    st.binary(min_size=1, max_size=200),
    st.lists(st.integers(1, 40), max_size=6),
    st.integers(0, 2**32 - 1),
    st.randoms(use_true_random=False),
)
def test_segments_join_in_any_order_across_the_wrap(stream, sizes, start, random) -> None:
    segments = cut(stream, sizes, start)
    shuffled = segments[1:]
    random.shuffle(shuffled)
    assert reassemble([segments[0], *shuffled, segments[0]]) == {"a": stream}


@given(st.lists(st.binary(max_size=100), max_size=5))
def test_records_are_tls_to_the_last_byte(bodies) -> None:
    stream = b"".join(map(record, bodies))
    assert tls_length(stream) == len(stream)


def test_a_record_cut_off_by_the_end_of_the_capture_counts() -> None:
    assert tls_length(record(b"x" * 100)[:50]) == 50


def test_plain_http_has_no_tls_bytes_and_shows_its_marker() -> None:
    report = examine([Segment("a", 7, b"GET / HTTP/1.1\r\nx-mark: secret\r\n\r\n")], b"secret")
    assert (report.tls_bytes, report.markers) == (0, 1)


def test_plain_text_after_a_record_is_not_tls() -> None:
    assert tls_length(record(b"abc") + b"GET / HTTP/1.1") == len(record(b"abc"))
