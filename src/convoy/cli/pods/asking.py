"""Requests that a pod's own Python makes for us, in the container of its application."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import orjson

from convoy.cli.pods.executing import run_in_pod
from convoy.cli.pods.streams import PodPlace
from convoy.config.errors import Attempt, KubeError
from convoy.config.kube.targets import KubeTarget

_PROGRAM = Path(__file__).with_name("asker.py").read_text()


class PodRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask, `count` times over a few connections; `address` is a name or an address to connect to."""

    address: str
    port: int
    host: str
    path: str
    headers: Mapping[str, str] = {}
    count: int = 1
    connections: int = 1


class PodReply(msgspec.Struct, frozen=True):
    """One answer; status 0 means that none came, and `body` says why."""

    status: int
    body: str

    def json(self) -> Any:
        """The body as JSON."""
        return orjson.loads(self.body)


class Asker(msgspec.Struct, frozen=True):
    """A container that requests are made in."""

    target: KubeTarget
    pod: PodPlace
    container: str

    async def ask(self, request: PodRequest) -> list[PodReply]:
        """Make the requests; KubeError when they could not even be tried."""
        argv = ["python3", "-c", _PROGRAM, msgspec.json.encode(request).decode()]
        return msgspec.json.decode(await self._run(argv), type=list[PodReply])

    async def resolve(self, name: str) -> list[str]:
        """The IPv4 addresses that the pod's resolver has for a name, sorted; none for an unknown one."""
        ran = await run_in_pod(self.target, self.pod, ["getent", "ahostsv4", name], container=self.container)
        return sorted({line.split()[0] for line in ran.stdout.decode().splitlines() if line.strip()})

    async def _run(self, argv: list[str]) -> bytes:
        ran = await run_in_pod(self.target, self.pod, argv, container=self.container)
        if ran.code:
            attempt = Attempt("create", "pods/exec", self.target.cluster, self.pod.namespace, self.pod.name)
            said = ran.stderr.decode(errors="replace").strip().splitlines()
            raise KubeError(attempt, message=said[-1] if said else f"exit code {ran.code}")
        return ran.stdout
