"""Record what a kubectl asks while it is driven: python -m tests.cluster.kubectl.record KUBECTL

Writes the file that `recorded.py` reads. Kubectl speaks plain HTTP to a proxy, which knows the administrator.
"""

import asyncio
import random
import socket
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import yaml
from aiohttp import web
from tests.cluster.kubectl.drive import Report, make_scene, run_steps
from tests.cluster.kubectl.finding import minor_version
from tests.cluster.kubectl.plain_client import plain_client
from tests.cluster.kubectl.recorded import Request, blanked, settled, write_requests
from tests.cluster.kubectl.running import define_istio, running_cluster
from tests.cluster.kubectl.scenes import Kubectl, Scene
from yarl import URL

_KEPT = ("Accept", "Content-Type")
_ABOUT_THE_LINK = ("Transfer-Encoding", "Content-Length", "Content-Encoding", "Connection", "Date", "Server")


@dataclass
class Proxy:
    """Passes requests on and remembers them."""

    session: aiohttp.ClientSession
    scene: Scene | None = None
    step: str = "namespace"
    requests: list[Request] = field(default_factory=list)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request."""
        if "Upgrade" in request.headers:
            return await self._relay_messages(request)
        body = await request.read()
        headers = {name: request.headers[name] for name in _KEPT if name in request.headers}
        url = URL(request.raw_path, encoded=True)
        skip = ("Content-Type", "Accept")
        async with self.session.request(
            request.method, url, data=body or None, headers=headers, skip_auto_headers=skip
        ) as answer:
            self._note(request, body, answer.status)
            kept = {name: text for name, text in answer.headers.items() if name not in _ABOUT_THE_LINK}
            response = web.StreamResponse(status=answer.status, headers=kept)
            with suppress(ConnectionError):  # who watched went away
                await response.prepare(request)
                async for data in answer.content.iter_any():
                    await response.write(data)
            return response

    async def _relay_messages(self, request: web.BaseRequest) -> web.StreamResponse:
        protocols = tuple(each.strip() for each in request.headers["Sec-WebSocket-Protocol"].split(","))
        url = URL(request.raw_path, encoded=True)
        async with self.session.ws_connect(url, protocols=protocols) as far:
            near = web.WebSocketResponse(protocols=[far.protocol or ""])
            await near.prepare(request)
            self._note(request, b"", 101, protocols)
            upwards = asyncio.create_task(_pump(near, far))
            await _pump(far, near)
            upwards.cancel()
            await asyncio.gather(upwards, return_exceptions=True)
            return near

    def _note(
        self, request: web.BaseRequest, body: bytes, status: int, upgrade: tuple[str, ...] = ()
    ) -> None:
        assert self.scene is not None
        names = self.scene.names
        content_type, data = request.headers.get("Content-Type", ""), blanked(body, names)
        is_packed = "protobuf" in content_type
        made = settled(
            Request(
                step=self.step,
                method=request.method,
                path=blanked(request.raw_path.encode(), names).decode(),
                status=status,
                accept=request.headers.get("Accept", ""),
                content_type=content_type,
                body="" if is_packed else data.decode(),
                packed=data if is_packed else b"",
                upgrade=upgrade,
            )
        )
        if made is not None and made not in self.requests[-50:]:  # what polls asks the same again
            self.requests.append(made)


async def _pump(
    source: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
    sink: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
) -> None:
    async for message in source:
        await sink.send_bytes(message.data)
    await sink.close()


async def record(kubectl: Kubectl, folder: Path) -> Report:
    """Drive a kubectl through a proxy and write what it asked."""
    async with running_cluster(folder / "world") as kubeconfig, plain_client(kubeconfig) as session:
        await define_istio(session)
        proxy = Proxy(session)
        runner = web.ServerRunner(web.Server(proxy.handle), shutdown_timeout=1)
        await runner.setup()
        listener = socket.create_server(("127.0.0.1", 0))
        await web.SockSite(runner, listener).start()
        config = yaml.safe_load(kubeconfig.read_text())
        config["clusters"][0]["cluster"] = {"server": f"http://127.0.0.1:{listener.getsockname()[1]}"}
        (folder / "config").write_text(yaml.safe_dump(config))
        rng = random.Random()
        proxy.scene = make_scene(kubectl, folder / "config", folder / "home", rng)

        def begin(step: str) -> None:
            proxy.step = step

        report = await run_steps(proxy.scene, rng, begin=begin)
        await runner.cleanup()
    write_requests(proxy.requests)
    return report


def main() -> None:
    """Record; says what failed."""
    program = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        minor = minor_version(program, Path(folder))
        assert minor is not None
        report = asyncio.run(record(Kubectl(program, minor), Path(folder)))
    for failure in report.failed:
        print(failure)
    print(f"{len(report.passed)} commands passed")


if __name__ == "__main__":
    main()
