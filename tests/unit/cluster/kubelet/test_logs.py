"""Logs of containers: lines with times, bounded, read from anywhere, followed."""

import asyncio
from pathlib import Path

import pytest

from convoy.cluster.kubelet.logfiles import LONGEST_LINE, LogFile, make_stamp, parse_stamp
from convoy.cluster.kubelet.outputs import RunLogs
from convoy.cluster.kubelet.reading import read_log
from convoy.cluster.machinery.pod_access import LogOptions


@pytest.fixture
async def file(tmp_path: Path) -> LogFile:
    return LogFile(tmp_path / "0.log", most=1000)


async def _read(file: LogFile, options: LogOptions | None = None) -> bytes:
    return b"".join([piece async for piece in read_log(file, options or LogOptions())])


def test_a_stamp_has_nine_digits_and_is_read_back() -> None:
    stamp = make_stamp(1_900_000_000_123_456_789)
    assert stamp == b"2030-03-17T17:46:40.123456789Z"
    assert abs(parse_stamp(stamp) - 1_900_000_000.123456789) < 1e-6


async def test_both_streams_are_one_log_and_lines_stay_whole(file: LogFile) -> None:
    file.feed(1, b"one\ntw")
    file.feed(2, b"err\n")
    file.feed(1, b"o\n\n")
    assert await _read(file) == b"one\nerr\ntwo\n\n"


async def test_an_unfinished_line_is_kept_at_the_end(file: LogFile) -> None:
    file.feed(1, b"one\nrest")
    assert await _read(file) == b"one\n"
    file.close()
    assert await _read(file) == b"one\nrest"


async def test_a_long_line_is_split_and_put_together_again(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "0.log")
    text = bytes(range(33, 97)) * 1000
    file.feed(1, text + b"\nnext\n")
    assert len(text) > 3 * LONGEST_LINE
    assert await _read(file) == text + b"\nnext\n"
    stamped = await _read(file, LogOptions(timestamps=True))
    assert stamped.count(b"Z ") == 2


async def test_the_last_lines_are_counted_whole(file: LogFile) -> None:
    file.feed(1, b"".join(b"%d\n" % number for number in range(9)) + b"rest")
    assert await _read(file, LogOptions(tail_lines=2)) == b"7\n8\n"
    file.close()
    assert await _read(file, LogOptions(tail_lines=2)) == b"8\nrest"
    assert await _read(file, LogOptions(tail_lines=0)) == b""
    assert await _read(file, LogOptions(limit_bytes=3)) == b"0\n1"


async def test_lines_before_a_time_are_left_out(file: LogFile) -> None:
    file.feed(1, b"old\n")
    assert await _read(file, LogOptions(since=4e9)) == b""
    assert await _read(file, LogOptions(since=1e9)) == b"old\n"


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


async def test_a_full_file_is_turned_over_and_keeps_the_newest(file: LogFile, tmp_path: Path) -> None:
    for number in range(200):
        file.feed(1, b"line %d\n" % number)
    assert 1000 <= _size(tmp_path) <= 2000
    lines = (await _read(file)).splitlines()
    assert lines[-1] == b"line 199"
    assert lines == [b"line %d" % number for number in range(200 - len(lines), 200)]


async def test_a_follower_sees_everything_over_turns_and_comes_to_the_end(file: LogFile) -> None:
    following = asyncio.create_task(_read(file, LogOptions(follow=True)))
    for number in range(300):
        file.feed(1, b"line %d\n" % number)
        await asyncio.sleep(0)
    file.close()
    assert (await following).splitlines() == [b"line %d" % number for number in range(300)]


async def test_a_log_is_taken_up_again_after_the_machine_went_down(tmp_path: Path) -> None:
    for name in ("0.log", "1.log"):
        file = LogFile(tmp_path / name)
        file.feed(1, name.encode() + b"\n")
        file.close()
    logs = RunLogs(tmp_path)
    logs.recall(1)
    assert logs.current is not None
    assert logs.previous is not None
    assert (await _read(logs.current), await _read(logs.previous)) == (b"1.log\n", b"0.log\n")
    logs.begin(2)
    assert logs.previous is not None
    assert await _read(logs.previous) == b"1.log\n"
    assert not (tmp_path / "0.log").exists()
    logs.close()
