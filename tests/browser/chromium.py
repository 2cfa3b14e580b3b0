"""A headless Chromium, told what to do over the DevTools protocol.

Source: https://chromedevtools.github.io/devtools-protocol/. Requests and answers are JSON on one websocket;
what is asked of a page carries the page's session.
"""

import asyncio
import itertools
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

HOW_TO_GET_ONE = "no Chromium was found; run: sudo apt-get install chromium"
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_SECONDS = 60.0
_ARGUMENTS = (
    "--headless=new",
    "--remote-debugging-port=0",
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-proxy-server",
)


def find_chromium() -> str | None:
    """The program of this machine, if it has one."""
    return next(filter(None, map(shutil.which, _PROGRAMS)), None)


class Page:
    """A page of a running browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._session = ""

    async def open_tab(self) -> None:
        """Make the tab that this is about."""
        target = await self._call("Target.createTarget", url="about:blank")
        attached = await self._call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        await self._call("Page.enable")

    async def open(self, url: str) -> None:
        """Go to an address, and wait until the page is loaded."""
        answer, loaded = await self._and_loaded("Page.navigate", url=url)
        assert "errorText" not in answer, f"{url}: {answer['errorText']}"
        assert loaded

    async def reload(self) -> None:
        """Load the page again, as F5 does."""
        await self._and_loaded("Page.reload")

    async def do_and_wait(self, script: str) -> None:
        """Run a script that leads to another page, and wait until that is loaded."""
        await self._and_loaded("Runtime.evaluate", expression=script, userGesture=True)

    async def evaluate(self, script: str) -> Any:
        """What a script gives, as JSON has it."""
        answer = await self._call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def _and_loaded(self, method: str, **parameters: Any) -> tuple[dict[str, Any], bool]:
        number = await self._send(method, parameters)
        answer, loaded = None, False
        while answer is None or not loaded:
            message = await self._receive()
            if message.get("id") == number:
                answer = _result(message)
                if "errorText" in answer:
                    break
            loaded = loaded or message.get("method") == "Page.loadEventFired"
        return answer, loaded

    async def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = await self._send(method, parameters)
        while (message := await self._receive()).get("id") != number:
            pass
        return _result(message)

    async def _send(self, method: str, parameters: dict[str, Any]) -> int:
        number = next(self._numbers)
        session = {"sessionId": self._session} if self._session else {}
        await self._socket.send_json({"id": number, "method": method, "params": parameters, **session})
        return number

    async def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = await self._socket.receive_json(timeout=_SECONDS)
        return message


def _result(message: dict[str, Any]) -> dict[str, Any]:
    assert "error" not in message, message["error"]
    result: dict[str, Any] = message["result"]
    return result


@asynccontextmanager
async def open_browser(program: str, profile: Path) -> AsyncIterator[Page]:
    """A browser with an empty profile, and one tab; it is gone at the end of the block."""
    sandbox = () if os.geteuid() else ("--no-sandbox",)  # Chromium refuses to sandbox for root
    process = await asyncio.create_subprocess_exec(
        program,
        *_ARGUMENTS,
        *sandbox,
        f"--user-data-dir={profile}",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "HOME": str(profile)},
    )
    try:
        address = await asyncio.wait_for(_debugging_address(process), _SECONDS)
        async with aiohttp.ClientSession() as session, session.ws_connect(address, max_msg_size=0) as socket:
            page = Page(socket)
            await page.open_tab()
            yield page
    finally:
        process.terminate()
        await process.communicate()


async def _debugging_address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr
    said = []
    async for line in process.stderr:
        said.append(line.decode(errors="replace"))
        if "DevTools listening on " in said[-1]:
            return said[-1].rpartition(" ")[2].strip()
    raise AssertionError(f"Chromium ended: {''.join(said)[-2000:]}")
