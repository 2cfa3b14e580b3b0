"""The requests of the control channel: one method each, plain data in and out."""

import base64
import socket
from typing import Any

import msgspec

from convoy.api.meta import ObjectKey
from convoy.cluster.channel import close_all
from convoy.cluster.errors import WorldError
from convoy.cluster.supervisor.commands import run_command
from convoy.cluster.supervisor.kube.commands import run_in_container
from convoy.cluster.supervisor.worlds import World
from convoy.cluster.types import ClusterSpec, ImageEntry, KubeClusterSpec, OutsideSpec

Arguments = dict[str, Any]
Answer = tuple[Any, list[socket.socket]]


class Calls:
    """Carries out requests on a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def carry_out(self, do: str, arguments: Arguments, fds: list[int]) -> Answer:
        """The answer to one request and the sockets that go with it; `fds` are used up."""
        if do == "forward":
            await self._forward(arguments, fds)
            return None, []
        if do == "start_cluster":
            return await self._start_cluster(arguments, fds), []
        close_all(fds)
        if do == "dial":
            return await self._dial(arguments)
        method = getattr(self, f"_do_{do}", None)
        if method is None:
            raise WorldError(f'the world does not know the request "{do}".')
        return msgspec.to_builtins(await method(arguments)), []

    async def _do_hello(self, _arguments: Arguments) -> None:
        return None

    async def _do_configure(self, arguments: Arguments) -> None:
        self._world.images = tuple(msgspec.convert(arguments["images"], list[ImageEntry]))
        self._world.hidden += tuple(arguments["hidden"])

    async def _do_add_cluster(self, arguments: Arguments) -> object:
        return await self._world.add_cluster(msgspec.convert(arguments["spec"], ClusterSpec))

    async def _do_clusters(self, _arguments: Arguments) -> object:
        return self._world.clusters()

    async def _do_apply(self, arguments: Arguments) -> None:
        self._world.cluster(arguments["cluster"]).apply(arguments["manifests"])

    async def _do_delete(self, arguments: Arguments) -> None:
        key = ObjectKey(arguments["kind"], arguments["namespace"], arguments["name"])
        self._world.cluster(arguments["cluster"]).delete(key)

    async def _do_wait_ready(self, arguments: Arguments) -> None:
        await self._world.cluster(arguments["cluster"]).wait_ready(arguments["timeout"])

    async def _do_pods(self, arguments: Arguments) -> object:
        return self._world.cluster(arguments["cluster"]).statuses()

    async def _do_exec(self, arguments: Arguments) -> object:
        if (kube := self._world.kube.running.get(arguments["cluster"])) is not None:
            return await run_in_container(
                kube.pods,
                (arguments["namespace"], arguments["pod"], arguments["container"]),
                arguments["argv"],
                stdin=base64.b64decode(arguments["stdin"]),
                timeout=arguments["timeout"],
            )
        pod = self._world.cluster(arguments["cluster"]).pod(arguments["namespace"], arguments["pod"])
        return await run_command(
            pod.sandbox,
            pod.runner(arguments["container"]),
            arguments["argv"],
            stdin=base64.b64decode(arguments["stdin"]),
            timeout=arguments["timeout"],
        )

    async def _do_signal(self, arguments: Arguments) -> None:
        pod = self._world.cluster(arguments["cluster"]).pod(arguments["namespace"], arguments["pod"])
        await pod.runner(arguments["container"]).signal(arguments["signal"])

    async def _do_logs(self, arguments: Arguments) -> str:
        pod = self._world.cluster(arguments["cluster"]).pod(arguments["namespace"], arguments["pod"])
        return pod.runner(arguments["container"]).log.text()

    async def _do_capture_start(self, arguments: Arguments) -> int:
        return self._world.start_capture(arguments["cluster"], arguments["port"])

    async def _do_capture_stop(self, arguments: Arguments) -> object:
        return self._world.stop_capture(arguments["capture"]).stop()

    async def _start_cluster(self, arguments: Arguments, fds: list[int]) -> object:
        listener = socket.socket(fileno=fds[0])
        try:
            spec = msgspec.convert(arguments["spec"], KubeClusterSpec)
        except BaseException:
            listener.close()
            raise
        return msgspec.to_builtins(await self._world.kube.start(spec, listener))

    async def _do_stop_cluster(self, arguments: Arguments) -> None:
        await self._world.kube.stop(arguments["name"])

    async def _do_kube_clusters(self, _arguments: Arguments) -> object:
        return self._world.kube.infos()

    async def _do_open_outside(self, arguments: Arguments) -> object:
        return await self._world.outside.open(msgspec.convert(arguments["spec"], OutsideSpec))

    async def _forward(self, arguments: Arguments, fds: list[int]) -> None:
        listener = socket.socket(fileno=fds[0])
        try:
            await self._world.forward(listener, arguments["cluster"], arguments["address"], arguments["port"])
        except BaseException:
            listener.close()
            raise

    async def _dial(self, arguments: Arguments) -> Answer:
        cluster = self._world.cluster(arguments["cluster"])
        sock = await cluster.dial(
            arguments["namespace"], arguments["pod"], address=arguments["host"], port=arguments["port"]
        )
        return None, [sock]
