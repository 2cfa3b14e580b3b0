"""A kubelet of an ordinary user runs pods as root's does: the same tests, in a user namespace."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

pytestmark = [
    pytest.mark.world,
    pytest.mark.skipif(os.geteuid() == 0, reason="this test is run as an ordinary user by another"),
]


def test_the_kubelet_is_the_same_for_an_ordinary_user() -> None:
    tests = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/cluster/kubelet/test_files.py"]
    enter = [sys.executable, "-m", "tests.cluster.kubelet.in_user_namespace"]
    command = [*enter, sys.executable, "-B", *tests]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-2000:]
    assert " passed" in result.stdout
