"""An HTTPS server that answers every request with what the client showed of itself, as an object."""

import contextlib
import ssl
from collections.abc import AsyncIterator

from aiohttp import web
from tests.kit.certificates import Authority

from convoy.kit.tls import load_key_pair


class SecureServer:
    """Knows tokens and client certificates; `refused` tokens are answered with 401."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.url = ""
        self.refused: set[str] = set()
        self.tokens: list[str] = []
        self.too_fast = 0
        """How many of the next requests are answered with 429."""

    async def answer(self, request: web.Request) -> web.Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.tokens.append(token)
        if self.too_fast:
            self.too_fast -= 1
            return web.Response(status=429, headers={"Retry-After": "2"})
        if token in self.refused:
            return web.json_response({"kind": "Status", "code": 401, "reason": "Unauthorized"}, status=401)
        peer = request.transport.get_extra_info("peercert") or {}
        names = [value for _, value in peer.get("subjectAltName", ())]
        headers = {name: value for name, value in request.headers.items() if name.startswith("Impersonate")}
        return web.json_response({"metadata": {"name": "a"}, "token": token, "peer": names, **headers})


@contextlib.asynccontextmanager
async def secure_server(*, name: str = "localhost") -> AsyncIterator[SecureServer]:
    server = SecureServer(Authority())
    issued = server.authority.issue(dns=(name,))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load_key_pair(context, issued.key_pem, issued.chain_pem)
    context.load_verify_locations(cadata=server.authority.root_pem.decode())
    context.verify_mode = ssl.CERT_OPTIONAL
    runner = web.ServerRunner(web.Server(server.answer))
    await runner.setup()
    try:
        site = web.TCPSite(runner, "localhost", 0, ssl_context=context)
        await site.start()
        server.url = f"https://localhost:{site._server.sockets[0].getsockname()[1]}"
        yield server
    finally:
        await runner.cleanup()
