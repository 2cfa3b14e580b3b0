"""Messages and descriptors over a Unix socket, in whatever pieces they arrive."""

import asyncio
import os
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convoy.cluster.caller import Caller
from convoy.cluster.channel import Channel
from convoy.cluster.errors import DialError, WorldGoneError, as_message, from_message
from convoy.cluster.frames import FrameError, FrameReader, Message, encode_frame, send_frame

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two ends of a connection."""
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


@given(st.lists(st.dictionaries(st.text(), st.integers()), max_size=5), st.integers(1, 50))
def test_messages_survive_any_cut(messages: list[dict[str, int]], step: int) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        data = b"".join(encode_frame(dict(message)) for message in messages)
        reader, seen = FrameReader(), list[Message]()
        for start in range(0, len(data), step):
            theirs.sendall(data[start : start + step])
            reader.receive(ours)
            seen += [message for message, _fds in reader.messages()]
        assert seen == [
            {key: value for key, value in message.items() if key != "fds"} for message in messages
        ]


def test_descriptors_arrive_with_their_message(pair: Pair) -> None:
    reading, writing = os.pipe()
    send_frame(pair[1], {"first": 1})
    send_frame(pair[1], {"second": 2}, [writing])
    os.close(writing)
    reader = FrameReader()
    seen: list[tuple[Message, list[int]]] = []
    while len(seen) < 2:
        reader.receive(pair[0])
        seen += list(reader.messages())
    assert [message for message, _fds in seen] == [{"first": 1}, {"second": 2}]
    (received,) = seen[1][1]
    os.write(received, b"through")
    assert os.read(reading, 10) == b"through"
    os.close(received)
    os.close(reading)


def test_an_absurd_length_is_refused(pair: Pair) -> None:
    pair[1].sendall(b"\xff\xff\xff\xff")
    reader = FrameReader()
    reader.receive(pair[0])
    with pytest.raises(FrameError):
        list(reader.messages())


async def test_a_message_larger_than_the_sockets_buffer_gets_through(pair: Pair) -> None:
    sender, receiver = Channel(pair[0]), Channel(pair[1])
    text = "x" * (4 << 20)
    sending = asyncio.create_task(sender.send({"text": text}))
    received = await receiver.receive()
    await sending
    assert received == ({"text": text}, [])


async def test_answers_find_their_requests_in_any_order(pair: Pair) -> None:
    caller = Caller(Channel(pair[0]), on_notice=lambda _message: None, gone="gone")
    far = Channel(pair[1])
    first, second = (asyncio.create_task(caller.call("echo", value=value)) for value in (1, 2))
    requests = [await far.receive(), await far.receive()]
    for received in reversed(requests):
        assert received is not None
        await far.send({"id": received[0]["id"], "ok": received[0]["value"]})
    assert (await first, await second) == (1, 2)
    await caller.close()


async def test_a_lost_connection_fails_what_waits(pair: Pair) -> None:
    caller = Caller(Channel(pair[0]), on_notice=lambda _message: None, gone="the far side went")
    waiting = asyncio.create_task(caller.call("echo"))
    await Channel(pair[1]).receive()
    pair[1].close()
    with pytest.raises(WorldGoneError, match="the far side went"):
        await waiting
    await caller.close()


def test_errors_keep_kind_and_text_on_the_way() -> None:
    back = from_message(as_message(DialError("not there")))
    assert (type(back), str(back)) == (DialError, "not there")
