"""Pods for stream tests: their commands are real processes of this machine, their ports its loopback's."""

import asyncio
import socket
import sys

from convoy.cluster.machinery.statuses import bad_request

POD = {
    "metadata": {"namespace": "default", "name": "p"},
    "spec": {"containers": [{"name": "c"}]},
    "status": {"phase": "Running"},
}


class ProcessSession:
    """A process as a session."""

    def __init__(self, process):
        self._process = process
        self.sizes = []

    async def write_stdin(self, data):
        self._process.stdin.write(data)
        await self._process.stdin.drain()

    async def close_stdin(self):
        self._process.stdin.close()

    async def output(self):
        said = asyncio.Queue()

        async def read(channel, stream):
            while data := await stream.read(65536):
                said.put_nowait((channel, data))
            said.put_nowait(None)

        streams = {1: self._process.stdout, 2: self._process.stderr}
        readers = [asyncio.create_task(read(channel, stream)) for channel, stream in streams.items()]
        open_streams = len(readers)
        while open_streams:
            if (item := await said.get()) is None:
                open_streams -= 1
            else:
                yield item

    async def resize(self, width, height):
        self.sizes.append((width, height))

    async def wait(self):
        return await self._process.wait()

    async def close(self):
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


class ProcessPods:
    """A PodAccess whose only pod is this machine."""

    def __init__(self):
        self.sessions = []

    async def exec(self, namespace, pod, container, command, *, stdin, tty):
        if command[0] == "missing":
            raise bad_request("container c is not running")
        if command[0] == "python":
            command = (sys.executable, *command[1:])
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
        self.sessions.append(ProcessSession(process))
        return self.sessions[-1]

    async def connect(self, namespace, pod, port):
        sock = socket.socket()
        sock.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        except BaseException:
            sock.close()
            raise
        return sock

    async def logs(self, namespace, pod, container, options):
        for number in range(3):
            yield f"{container} {number}\n".encode()
