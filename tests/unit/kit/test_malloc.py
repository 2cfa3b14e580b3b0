"""Memory that is free goes back to the system."""

import subprocess
import sys

PROGRAM = """
import os
from convoy.kit.malloc import give_memory_back, keep_heap_small

def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

if {first}:
    keep_heap_small()
before = resident()
blocks = [bytes([1]) * 2000 for _ in range(20_000)]
kept = blocks[::2_000]
full = resident()
del blocks
give_memory_back()
print((full - before) > 30 << 20, (resident() - before) < 10 << 20)
"""


def test_what_is_free_between_what_is_kept_is_given_back():
    for first in ("True", "False"):
        program = PROGRAM.replace("{first}", first)
        run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert run.stdout.split() == ["True", "True"]
