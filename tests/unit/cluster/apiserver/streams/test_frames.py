"""SPDY framing takes what clients send, however it is cut, and refuses everything else in one way."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.cluster.apiserver.streams.spdy_client import SpdyClient

from convoy.cluster.apiserver.streams.spdy.dictionary import DICTIONARY
from convoy.cluster.apiserver.streams.spdy.frames import (
    Framing,
    HalfClosed,
    Opened,
    Received,
    SpdyError,
)


class Recorder:
    def __init__(self):
        self.data = b""

    def write(self, data):
        self.data += data


HEADERS = st.dictionaries(st.from_regex("[a-z]{1,12}", fullmatch=True), st.text(max_size=40), max_size=5)


def test_dictionary_is_that_of_the_draft():
    assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1423, 0xE3C6A7C2)


@given(st.lists(st.tuples(HEADERS, st.binary(max_size=200)), max_size=5), st.lists(st.integers(1, 50)))
def test_any_cut_of_the_bytes_gives_the_same_events(streams, cuts):
    recorder = Recorder()
    client = SpdyClient(None, recorder)
    expected = []
    for headers, data in streams:
        number = client.open(**headers)
        expected.append(Opened(number, headers))
        if data:
            client.write(number, data)
            expected.append(Received(number, data))
        client.close(number)
        expected.append(HalfClosed(number))
    framing, events, rest = Framing(), [], recorder.data
    for cut in cuts:
        events += framing.receive(rest[:cut])
        rest = rest[cut:]
    events += framing.receive(rest)
    assert events == expected


@given(st.lists(st.binary(max_size=64), max_size=8))
def test_rubbish_raises_nothing_but_a_spdy_error(parts):
    framing = Framing()
    try:
        for part in parts:
            list(framing.receive(part))
    except SpdyError:
        pass


def test_header_block_that_unpacks_to_much_is_refused():
    recorder = Recorder()
    SpdyClient(None, recorder).open(a="x" * 200_000)
    with pytest.raises(SpdyError, match="too large"):
        list(Framing().receive(recorder.data))
