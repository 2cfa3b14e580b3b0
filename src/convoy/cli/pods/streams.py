"""Websockets to a pod's exec and portforward (https://kubernetes.io/docs/reference/using-api/).

The first byte of each message is its channel.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
import msgspec
from yarl import URL

from convoy.config.errors import Attempt, KubeError
from convoy.config.kube.connections import client_context, translating
from convoy.config.kube.refusals import refusal
from convoy.config.kube.resources import PODS
from convoy.config.kube.targets import KubeTarget

_CONNECT_SECONDS = 10.0
_LARGEST_MESSAGE = 32 << 20
_PROTOCOL = "v4.channel.k8s.io"


class PodPlace(msgspec.Struct, frozen=True):
    """A pod, by namespace and name."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.name}.{self.namespace}"


@asynccontextmanager
async def open_channels(
    target: KubeTarget, pod: PodPlace, subresource: str, *, query: Sequence[tuple[str, str]]
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """An open websocket to a subresource of a pod. KubeError, also for what goes wrong inside the block."""
    attempt = Attempt("create", f"{PODS.name}/{subresource}", target.cluster, pod.namespace, pod.name)
    path = PODS.path(namespace=pod.namespace, name=pod.name, subresource=subresource)
    url = URL(target.server + path, encoded=True).with_query(list(query))
    async with translating(attempt):
        credentials = await target.credentials.current()
        headers = dict(target.headers)
        if credentials.token is not None:
            headers["Authorization"] = f"Bearer {credentials.token.reveal().decode()}"
        timeout = aiohttp.ClientTimeout(sock_connect=_CONNECT_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(headers=headers, timeout=timeout) as session,
                session.ws_connect(
                    url,
                    protocols=(_PROTOCOL,),
                    ssl=client_context(target, credentials),
                    server_hostname=target.server_name or None,
                    max_msg_size=_LARGEST_MESSAGE,
                ) as channels,
            ):
                yield channels
        except aiohttp.WSServerHandshakeError as error:
            raise _refused(attempt, error) from error


def _refused(attempt: Attempt, error: aiohttp.WSServerHandshakeError) -> KubeError:
    return refusal(attempt, error.status, b"")
