"""What a pod cannot do to its neighbours, to its cluster and to this machine, try as it may."""

import json
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.cluster import intruder
from tests.cluster.kube.client import KubeApi, sleeper

from convoy.cluster.client import World
from convoy.cluster.hiding import hidden_from
from convoy.cluster.supervisor.worlds import kept_paths
from convoy.cluster.world.starting import control_address

pytestmark = [pytest.mark.world, pytest.mark.asyncio(loop_scope="module")]

_INTRUDER = Path(intruder.__file__).read_text()
_WORD = os.urandom(8).hex()
_MOST = 20  # files to try of each place
_ANONYMOUS = """
import json, os, ssl, sys, urllib.error, urllib.request
def ask(path):
    url = f"https://{os.environ['KUBERNETES_SERVICE_HOST']}{path}"
    try:
        return urllib.request.urlopen(url, timeout=5, context=ssl._create_unverified_context()).status
    except urllib.error.HTTPError as error:
        return error.code
print(json.dumps([ask(path) for path in sys.argv[1:]]))
"""


def machine_secrets() -> list[str]:
    """Files that this user may read and no pod should, outside the folders that every pod has afresh."""
    places = hidden_from(kept_paths())
    return [path for place in places for path in islice(_files(Path(place)), _MOST) if _is_ours(path)]


def _files(place: Path) -> Iterator[str]:
    if place.is_file():
        yield str(place)
    for folder, _names, files in os.walk(place):
        yield from (os.path.join(folder, file) for file in sorted(files))


def _is_ours(path: str) -> bool:
    is_kept = any(Path(path).is_relative_to(kept) for kept in kept_paths())
    return not is_kept and intruder.readable(path)


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def neighbours(one: KubeApi) -> None:
    """A pod with a secret in a file and in its environment, and the intruder on the same node."""
    (node, _other) = one.info.nodes
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "word"},
        "stringData": {"word": _WORD},
    }
    await one.request("POST", "/api/v1/namespaces/default/secrets", secret)
    volumes = [{"name": "keys", "secret": {"secretName": "word"}}, {"name": "scratch", "emptyDir": {}}]
    victim = sleeper("victim", nodeName=node, volumes=volumes)
    victim["spec"]["containers"][0] |= {
        "command": ["sh", "-c", "cp /keys/word /scratch/word; cp /keys/word /tmp/word; exec sleep infinity"],
        "env": [{"name": "WORD", "value": _WORD}],
        "volumeMounts": [
            {"name": "keys", "mountPath": "/keys"},
            {"name": "scratch", "mountPath": "/scratch"},
        ],
    }
    await one.run(victim, sleeper("intruder", nodeName=node))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told(world: World, state_dir: Path, neighbours: None) -> dict[str, Any]:
    """What came of the intruder's attempts."""
    address = control_address(state_dir).removeprefix(b"\0").hex()
    argv = ["python3", "-c", _INTRUDER, str(state_dir), address, *machine_secrets()]
    result = await world.exec("one", "default", "intruder", argv, timeout=60)
    assert result.stdout, result.stderr.decode()
    found: dict[str, Any] = json.loads(result.stdout)
    return found


async def test_no_secret_of_the_machine_or_of_its_cluster_is_seen(told: dict[str, Any]) -> None:
    assert told["secrets"] == []


async def test_what_covers_them_cannot_be_taken_away(told: dict[str, Any]) -> None:
    assert told["secrets, unmounting"] == []


async def test_no_process_of_others_is_seen_or_signalled(told: dict[str, Any]) -> None:
    assert set(told["processes"]) == {"convoy-pod", "sleep", "python3"}
    assert told["signalled"] == 0


async def test_the_pods_init_cannot_be_looked_into(told: dict[str, Any]) -> None:
    assert told["init"] == ""


async def test_the_worlds_own_sockets_are_out_of_reach(told: dict[str, Any]) -> None:
    assert told["control socket"] == "ConnectionRefusedError"
    assert told["abstract sockets"] == 0


async def test_nothing_of_the_machine_can_be_changed(told: dict[str, Any]) -> None:
    assert told["devices"] == []
    refused = {told[name] for name in ("new device", "packets", "host name")}
    assert refused == {"PermissionError"}
    assert told["kernel setting"] in ("PermissionError", "OSError")  # the latter: it is read-only


async def test_a_neighbours_files_and_variables_are_not_found(world: World) -> None:
    places = "/run /tmp /var/tmp /dev/shm /scratch /keys /proc/[0-9]*/environ /proc/[0-9]*/root/keys"
    script = f"grep -rs {_WORD} {places}"
    result = await world.exec("one", "default", "intruder", ["sh", "-c", script], timeout=20)
    assert result.stdout == b""


async def test_without_a_token_the_api_tells_nothing(world: World) -> None:
    paths = ("/api/v1/secrets", "/api/v1/namespaces/default/pods/victim/log", "/apis", "/metrics", "/version")
    result = await world.exec("one", "default", "intruder", ["python3", "-c", _ANONYMOUS, *paths], timeout=20)
    assert json.loads(result.stdout) == [401, 401, 401, 401, 200]
