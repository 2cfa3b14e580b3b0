"""A demo that runs with `--keep`, as in a terminal of its own, beside the commands of a second one."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.conftest import CONVOY, environment

READY = b"Ctrl-C ends everything."


@contextmanager
def kept_demo(home: Path, *arguments: str, seconds: float = 60.0) -> Iterator[subprocess.Popen[bytes]]:
    """Run `convoy demo --keep` until it says how to look; Ctrl-C at the end of the block."""
    with subprocess.Popen(
        [*CONVOY, "demo", "--keep", *arguments],
        env=environment(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as demo:
        try:
            _wait_said(demo, READY, seconds)
            yield demo
        finally:
            demo.send_signal(signal.SIGINT)
            demo.communicate(timeout=30)


def _wait_said(demo: subprocess.Popen[bytes], text: bytes, seconds: float) -> None:
    assert demo.stderr
    said, deadline = b"", time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        selector.register(demo.stderr, selectors.EVENT_READ)
        while text not in said:
            assert selector.select(deadline - time.monotonic()), said.decode()
            chunk = os.read(demo.stderr.fileno(), 65536)
            assert chunk, said.decode()
            said += chunk
