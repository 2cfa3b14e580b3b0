"""SIGKILL in the middle of writing: what was acknowledged is there afterwards."""

import signal
import subprocess
import sys

from convoy.cluster.store import Store

WRITER = """
import asyncio, os, sys
from pathlib import Path
from convoy.cluster.store import Key, Store

store = Store(Path(sys.argv[1]))
store.open()

async def write(worker):
    number = 0
    while True:
        number += 1
        key = Key("default", f"w{worker}-{number % 7}")
        before = store.get("pods", key)
        expected = before.revision if before else None
        if before and number % 3 == 0:
            stored = store.remove("pods", key, expected=expected)
            line = f"{worker} {key.name} {stored.revision} gone"
        else:
            stored = store.put("pods", key, {"metadata": {}, "value": number}, expected=expected)
            line = f"{worker} {key.name} {stored.revision} {number}"
        await store.committed()
        os.write(1, line.encode() + b"\\n")  # acknowledged: whole lines, straight into the pipe

async def main():
    await asyncio.gather(*(write(worker) for worker in range(8)))

asyncio.run(main())
"""


def test_no_acknowledged_write_is_lost_by_sigkill(tmp_path):
    path = tmp_path / "objects.db"
    acknowledged: dict[str, tuple[int, str]] = {}
    for _ in range(3):
        newest = kill_while_writing(path, acknowledged)
        store = Store(path)
        store.open()
        assert store.revision >= newest
        found = {each.key.name: (each.revision, str(each.object["value"])) for each in store.list("pods")}
        ahead = []
        for name, (revision, value) in acknowledged.items():
            if found.get(name, (revision, "gone")) != (revision, value):
                # What was written but not yet acknowledged may be there: one write of each worker.
                ahead.append(name.partition("-")[0])
                assert found.get(name, (store.revision, ""))[0] > revision
        assert len(ahead) == len(set(ahead))
        acknowledged |= found
        store.close()


def kill_while_writing(path, acknowledged):
    """Runs the writer, kills it after some thousand answers, notes what it was told; gives the newest."""
    newest = 0
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
        for count, line in enumerate(writer.stdout):
            _, name, revision, value = line.decode().split()
            acknowledged[name] = (int(revision), value)
            newest = max(newest, int(revision))
            if count == 2000:
                writer.send_signal(signal.SIGKILL)
    assert newest > 2000
    return newest
