"""What /proc says of processes."""

import os
import subprocess
import sys

from convoy.kit.processes import descendants, pss_kib

_WAITS_WITH_A_CHILD = """
import subprocess, sys
child = subprocess.Popen(["sleep", "60"])
print(child.pid, flush=True)
sys.stdin.read()
child.kill()
child.wait()
"""


def test_grandchildren_are_descendants():
    command = [sys.executable, "-c", _WAITS_WITH_A_CHILD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        grandchild = int(child.stdout.readline())
        found = list(descendants(os.getpid()))
        assert found[0] == os.getpid()
        assert {child.pid, grandchild} < set(found)
        child.communicate("")


def test_this_process_takes_memory_and_one_that_is_gone_none():
    with subprocess.Popen(["true"]) as child:
        child.wait()
    assert pss_kib(os.getpid()) > 1000
    assert pss_kib(child.pid) == 0
