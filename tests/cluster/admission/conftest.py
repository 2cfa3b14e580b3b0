"""A guarded API server for the module, and every kubectl of this machine."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import yaml
from tests.cluster.admission.kubectls import Kubectls
from tests.cluster.kubectl.finding import HOW_TO_GET_ONE, all_kubectls
from tests.kit.guarded_api import GuardedApi, guarded_api


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded() -> AsyncIterator[GuardedApi]:
    async with guarded_api() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kubectls(guarded: GuardedApi, tmp_path_factory: pytest.TempPathFactory) -> Kubectls:
    """The oldest and the newest, on one kubeconfig; skips where there is none."""
    home = tmp_path_factory.mktemp("kubectl")
    found = await asyncio.to_thread(all_kubectls, home)
    if not found:
        pytest.skip(HOW_TO_GET_ONE)
    cluster = {"name": "c", "cluster": {"server": guarded.api.url}}
    context = {"name": "c", "context": {"cluster": "c", "user": "c"}}
    config = {"apiVersion": "v1", "kind": "Config", "current-context": "c"}
    config |= {"clusters": [cluster], "contexts": [context], "users": [{"name": "c", "user": {"token": "t"}}]}
    (home / "config").write_text(yaml.safe_dump(config))
    return Kubectls(tuple(dict.fromkeys((found[0].program, found[-1].program))), home)
