"""Clients of servers that run in the test's own process, over plain HTTP, where no credentials are sent."""

import contextlib
from collections.abc import AsyncIterator

from convoy.config.kube.client import KubeClient
from convoy.config.kube.credentials import GivenCredentials
from convoy.config.kube.targets import KubeTarget


def target(url: str, *, user: str = "", cluster: str = "east", **more) -> KubeTarget:
    """The cluster behind a URL; the embedded server of tests believes who says to be `user`."""
    headers = (("X-User", user),) if user else ()
    given = {"credentials": GivenCredentials(), "headers": headers, **more}
    return KubeTarget(cluster=cluster, server=url, **given)


@contextlib.asynccontextmanager
async def client_of(url: str, **more) -> AsyncIterator[KubeClient]:
    async with KubeClient(target(url, **more)) as client:
        yield client
