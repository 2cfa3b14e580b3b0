"""The ways into the pods of one node: logs, commands, attaching, connections; refused in known words."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable

from convoy.cluster.errors import UnknownNameError, WorldError
from convoy.cluster.kubelet.containers import IMAGE_UNKNOWN, ContainerRunner
from convoy.cluster.kubelet.outputs import RunLogs
from convoy.cluster.kubelet.reading import read_log
from convoy.cluster.kubelet.sandboxes import Process, Sandbox
from convoy.cluster.kubelet.sessions import AttachSession, CommandSession
from convoy.cluster.kubelet.states import Waiting
from convoy.cluster.kubelet.workers import PodWorker
from convoy.cluster.linux.netns import socket_in
from convoy.cluster.machinery.pod_access import LogOptions, Session
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import StatusError, bad_request, internal_error, not_found

_CONNECT_TIMEOUT = 5.0
_IMAGE_REASONS = ("ErrImagePull", IMAGE_UNKNOWN)


class Doors:
    """`find` gives the worker of a pod by namespace and name."""

    def __init__(self, pods: Resource, find: Callable[[str, str], PodWorker | None]) -> None:
        self._pods = pods
        self._find = find

    def logs(self, namespace: str, pod: str, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        """As PodAccess has it; refusals are raised at once."""
        runner = self._runner(namespace, pod, container)
        assert isinstance(runner.log, RunLogs)
        name = runner.container.name
        file = runner.log.previous if options.previous else runner.log.current
        if options.previous and file is None:
            raise bad_request(f'previous terminated container "{name}" in pod "{pod}" not found')
        if file is None:
            why = (
                runner.progress.state.reason
                if isinstance(runner.progress.state, Waiting)
                else "ContainerCreating"
            )
            if why in _IMAGE_REASONS:
                why = "trying and failing to pull image"
            raise bad_request(f'container "{name}" in pod "{pod}" is waiting to start: {why}')
        return read_log(file, options)

    async def exec(
        self, namespace: str, pod: str, container: str, command: tuple[str, ...], *, stdin: bool, tty: bool
    ) -> Session:
        """As PodAccess has it."""
        runner, _process, sandbox = self._running(namespace, pod, container)
        try:
            return await CommandSession.start(runner, sandbox, command, stdin=stdin, tty=tty)
        except WorldError as error:
            raise internal_error(f"error executing command in container: {error}") from error

    async def attach(self, namespace: str, pod: str, container: str, *, stdin: bool, tty: bool) -> Session:
        """As PodAccess has it; whether there is a terminal is the container's word."""
        runner, process, _sandbox = self._running(namespace, pod, container)
        if stdin and not (runner.stdio is not None and runner.stdio.is_open):
            stdin = False
        return AttachSession.join(runner, process, stdin=stdin)

    async def connect(self, namespace: str, pod: str, port: int) -> socket.socket:
        """As PodAccess has it."""
        runner = self._worker(namespace, pod).runner
        if not runner.has_sandbox:
            raise bad_request(f'unable to forward port because pod is not running: "{pod}"')
        sock = socket_in(runner.sandbox.netns, socket.AF_INET, socket.SOCK_STREAM)
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT):
                await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        except BaseException:
            sock.close()
            raise
        return sock

    def _worker(self, namespace: str, pod: str) -> PodWorker:
        worker = self._find(namespace, pod)
        if worker is None:
            raise not_found(self._pods, pod)
        return worker

    def _runner(self, namespace: str, pod: str, container: str) -> ContainerRunner:
        crew = self._worker(namespace, pod).runner.crew
        if not container and len(crew.apps) > 1:
            names = " ".join(runner.container.name for runner in crew.apps)
            inits = " ".join(runner.container.name for runner in crew.inits)
            more = f" or one of the init containers: [{inits}]" if inits else ""
            raise bad_request(
                f"a container name must be specified for pod {pod}, choose one of: [{names}]{more}"
            )
        try:
            return crew.find(container)
        except UnknownNameError as error:
            raise bad_request(f"container {container} is not valid for pod {pod}") from error

    def _running(self, namespace: str, pod: str, container: str) -> tuple[ContainerRunner, Process, Sandbox]:
        runner = self._runner(namespace, pod, container)
        if runner.process is None or not runner.is_running:
            text = f'unable to upgrade connection: container not found ("{runner.container.name}")'
            raise StatusError(404, "NotFound", text)
        return runner, runner.process, runner.process.sandbox
