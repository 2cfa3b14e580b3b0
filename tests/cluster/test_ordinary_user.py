"""What a world needs of the kernel, an ordinary user has, too: the tests that ask for it, run as one.

One row for each thing that root and others get in different ways. What only speaks with an API server, or
runs in this process, is the same for all and is not repeated.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
AREAS = {
    "worlds": ("test_world.py", "test_lifecycle.py"),
    "pods": ("test_pods.py",),
    "networks": ("test_network.py", "test_names.py", "test_proxy.py"),
    "clusters": ("kube/test_lives.py",),
    "kubelets": ("kubelet/test_ordinary_user.py",),
}

pytestmark = [
    pytest.mark.world,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="these tests run as an ordinary user already"),
]


@pytest.mark.parametrize("area", AREAS)
def test_it_is_the_same_for_an_ordinary_user(area: str) -> None:
    folder = Path("/tmp") / f"convoy-ordinary-{os.getpid()}"
    folder.mkdir()
    try:
        pytest_command = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        files = [f"tests/cluster/{file}" for file in AREAS[area]]
        command = [sys.executable, "-m", "tests.cluster.ordinary_user", str(folder), *pytest_command, *files]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=170, check=False)
        assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-2000:]
        assert " passed" in result.stdout
    finally:
        subprocess.run(["rm", "-rf", str(folder)], check=True)
