"""A demo that was played and left running, as in one terminal, beside the commands of a second one."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.conftest import CONVOY, environment


def convoy(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a `convoy` command to its end."""
    return subprocess.run(
        [*CONVOY, *arguments], env=environment(home), capture_output=True, text=True, timeout=150, check=False
    )


@contextmanager
def played_demo(home: Path, *arguments: str) -> Iterator[subprocess.CompletedProcess[str]]:
    """What `convoy demo` said; its clusters are gone at the end of the block."""
    try:
        done = convoy(home, "demo", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        yield done
    finally:
        assert convoy(home, "down", "--purge").returncode == 0
