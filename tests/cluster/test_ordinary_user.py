"""Everything that holds for root holds for an ordinary user: the same tests, run as one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.world,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="these tests run as an ordinary user already"),
]


def test_the_world_is_the_same_for_an_ordinary_user(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = Path("/tmp") / f"convoy-ordinary-{os.getpid()}"
    folder.mkdir()
    try:
        pytest_command = [
            sys.executable,
            "-B",
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "tests/cluster",
        ]
        command = [sys.executable, "-m", "tests.cluster.ordinary_user", str(folder), *pytest_command]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=170, check=False)
        assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-2000:]
        assert " passed" in result.stdout
    finally:
        subprocess.run(["rm", "-rf", str(folder)], check=True)
