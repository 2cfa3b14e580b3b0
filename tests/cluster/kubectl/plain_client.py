"""An HTTP client of a cluster, from its kubeconfig."""

import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import yaml


@asynccontextmanager
async def plain_client(kubeconfig: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A session whose paths are the API's; it is the administrator."""
    config = yaml.safe_load(kubeconfig.read_text())  # noqa: ASYNC240
    cluster = config["clusters"][0]["cluster"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cadata=authority))
    headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}"}
    async with aiohttp.ClientSession(cluster["server"], headers=headers, connector=connector) as session:
        yield session
