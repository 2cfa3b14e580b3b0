"""helloworld: `/hello` says which version answers and in which pod, `/health` that it is alive.

Its version is `SERVICE_VERSION`, its port the first argument. It stands for the image
`istio/examples-helloworld-v1` and `-v2`.
"""

import os
import sys

from aiohttp import web

BACKLOG = 1024


def build(version: str, instance: str) -> web.Application:
    """The application of one version."""

    async def hello(_request: web.Request) -> web.Response:
        return web.Response(text=f"Hello version: {version}, instance: {instance}\n")

    async def health(_request: web.Request) -> web.Response:
        return web.Response(text="Helloworld is healthy")

    app = web.Application()
    app.router.add_get("/hello", hello)
    app.router.add_get("/health", health)
    return app


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    app = build(os.environ.get("SERVICE_VERSION", "v1"), os.environ.get("HOSTNAME", "unknown"))
    address = os.environ.get("LISTEN_ADDRESS", "0.0.0.0")
    web.run_app(app, host=address, port=port, backlog=BACKLOG, print=None, access_log=None)
