"""What the agent's scenarios look at: processes, memory, readiness, Envoy's upstreams."""

import asyncio
import contextlib
import os
from pathlib import Path

from tests.envoy.agent_network import POD_IP

from convoy.agent.http import exchange


async def until(condition, *, seconds=30):
    """Wait for a condition that tells no event; its value, or the last one when time is up."""
    for _ in range(int(seconds / 0.1)):
        value = await condition()
        if value:
            return value
        await asyncio.sleep(0.1)
    return value


async def readiness(address=POD_IP):
    return await asked_by_kubelet(15021, "/healthz/ready", address)


async def asked_by_kubelet(port, path, address=POD_IP):
    """Status and text of what a kubelet outside of the pod is answered."""
    try:
        streams = await asyncio.open_connection(address, port)
        reply = await exchange(streams, path, host=address)
    except OSError:
        return [0, ""]
    return [reply.status, reply.body.decode().strip()]


async def is_ready():
    return (await readiness())[0] == 200


async def ended(process):
    async with asyncio.timeout(20):
        return await process.wait()


def processes():
    """(pid, command line as words) of every process in this PID namespace."""
    for pid in [name for name in os.listdir("/proc") if name.isdigit()]:
        with contextlib.suppress(OSError):
            yield int(pid), Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def pid_of(*words):
    """The process whose command line has these words in a row, or 0."""
    for pid, command in processes():
        if any(tuple(command[i : i + len(words)]) == words for i in range(len(command))):
            return pid
    return 0


def agent_pid():
    # `nsenter` becomes the program it runs, so there is one process with these words.
    return pid_of("-m", "convoy.agent", "run")


def envoy_pid():
    return pid_of("--config-path", "/var/run/convoy/envoy.json")


async def envoy_is_gone():
    return envoy_pid() == 0


def memory():
    """PSS in kB of the agent and of its Envoy."""
    found = {}
    for name, pid in (("agent", agent_pid()), ("envoy", envoy_pid())):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        found[name] = next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return found


def upstreams(clusters):
    """Which addresses Envoy connected to, by cluster, from its admin's text."""
    words = [line.split("::") for line in clusters.splitlines()]
    return sorted([w[0], w[1]] for w in words if w[2:3] == ["cx_total"] and (w[3] != "0" or w[0] == "loop"))
