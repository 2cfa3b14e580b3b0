"""What a pod sees and what it cannot: files, processes, capabilities, names, volumes, variables."""

import os
import signal
import stat
import sys
from pathlib import Path

import jwt
import pytest
import pytest_asyncio
from tests.cluster.manifests import Manifest, container, pod, shell
from tests.kit.waiting import until

from convoy.cluster.client import World
from convoy.cluster.errors import DialError, ManifestError, UnknownNameError, WaitError
from convoy.cluster.types import ClusterInfo

# Made anew, so that it stands in no file of a checkout below one of the folders searched.
WORD = os.urandom(8).hex()

pytestmark = [pytest.mark.world, pytest.mark.asyncio(loop_scope="module")]

SLEEP = "exec sleep infinity"


def _config_map(name: str, **data: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default"},
        "data": data,
    }


def _secret(name: str, **data: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": "default"},
        "stringData": data,
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def peopled(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Two neighbours, a pod with every sort of volume, and one with a capability."""
    folder = tmp_path_factory.mktemp("host")
    (folder / "note").write_text("from the host")
    token = {"serviceAccountToken": {"path": "token", "audience": "somebody", "expirationSeconds": 600}}
    volumes = [
        {"name": "settings", "configMap": {"name": "settings"}},
        {"name": "keys", "secret": {"secretName": "keys"}},
        {"name": "token", "projected": {"sources": [token, {"configMap": {"name": "settings"}}]}},
        {"name": "scratch", "emptyDir": {}},
        {"name": "host", "hostPath": {"path": str(folder)}},
    ]
    mounts = [{"name": volume["name"], "mountPath": f"/var/run/vol/{volume['name']}"} for volume in volumes]
    mounts[4]["readOnly"] = True  # type: ignore[assignment]
    field = {"valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    env = [{"name": "ADDRESS", **field}, {"name": "GREETING", "value": "at $(ADDRESS)"}]
    full = pod(
        "full",
        shell(f"echo $0; {SLEEP}", args=["$(GREETING)"], volumeMounts=mounts, env=env),
        shell(SLEEP, name="other"),
        serviceAccountName="keeper",
        volumes=volumes,
    )
    admin = shell(SLEEP, securityContext={"capabilities": {"add": ["NET_ADMIN"]}})
    await world.apply(
        "east",
        [
            pod("left", shell(SLEEP)),
            pod("right", shell("echo mine >/tmp/secret; echo mine >/run/secret; " + SLEEP)),
            pod("admin", admin),
            _config_map("settings", colour="green"),
            _secret("keys", word=WORD),
            full,
        ],
    )
    await world.wait_ready("east", timeout=30)


async def _shell(world: World, name: str, script: str, container: str = "") -> str:
    result = await world.exec("east", "default", name, ["sh", "-c", script], timeout=20, container=container)
    return (result.stdout + result.stderr).decode()


def _capabilities(status: str) -> dict[str, int]:
    return {
        line.split()[0]: int(line.split()[1], 16) for line in status.splitlines() if line.startswith("Cap")
    }


async def test_a_container_has_no_capabilities_and_gets_no_new_ones(world: World) -> None:
    status = await _shell(world, "left", "cat /proc/2/status")
    assert set(_capabilities(status).values()) == {0}
    assert "NoNewPrivs:\t1" in status


async def test_an_added_capability_is_all_a_container_has(world: World) -> None:
    status = await _shell(world, "admin", "cat /proc/2/status")
    assert set(_capabilities(status).values()) == {1 << 12}


async def test_exec_has_no_capabilities_even_where_the_container_has_some(world: World) -> None:
    assert set(_capabilities(await _shell(world, "admin", "cat /proc/self/status")).values()) == {0}


async def test_a_pod_sees_only_its_own_processes(world: World) -> None:
    own = await _shell(world, "left", "cat /proc/[0-9]*/comm")
    assert sorted(own.split()) == ["convoy-pod", "sh", "sleep"]


async def test_a_neighbours_process_cannot_be_signalled(world: World) -> None:
    before = {status.name: status.container("app").pid for status in await world.pods("east")}
    await _shell(world, "left", "kill -9 -1")  # all it can see but its own shell and init
    await until(lambda: _was_restarted(world, "left"))
    after = {status.name: status.container("app") for status in await world.pods("east")}
    assert after["right"].restarts == 0
    assert after["right"].pid == before["right"]
    await world.wait_ready("east", timeout=20)


async def _was_restarted(world: World, name: str) -> bool:
    return any(status.name == name and status.containers[0].restarts for status in await world.pods("east"))


async def test_a_neighbours_private_files_are_not_there(world: World) -> None:
    assert await _shell(world, "right", "cat /tmp/secret /run/secret /var/run/secret") == "mine\n" * 3
    assert "mine" not in await _shell(world, "left", "cat /tmp/secret /run/secret /var/run/secret")


async def test_the_state_folder_is_empty_in_a_pod(world: World, state_dir: Path) -> None:
    assert os.listdir(state_dir)
    assert not await _shell(world, "left", f"ls -A {state_dir} 2>/dev/null")


async def test_the_init_of_a_pod_gives_nothing_away(world: World) -> None:
    script = "cat /proc/1/environ; ls /proc/1/root/ /proc/1/fd /proc/1/cwd/"
    assert "ermission denied" in await _shell(world, "left", script)
    assert "convoy" not in await _shell(world, "left", "cat /proc/1/environ 2>/dev/null")


async def test_the_machines_files_are_read_only(world: World, state_dir: Path) -> None:
    assert "Read-only file system" in await _shell(
        world, "left", f"touch {Path(__file__).parent}/made-by-a-pod"
    )
    assert "Read-only file system" in await _shell(world, "left", "echo 1 > /proc/sys/net/ipv4/ip_forward")


async def test_a_pod_is_called_by_its_name(world: World) -> None:
    assert await _shell(world, "left", "hostname") == "left\n"


async def test_variables_and_arguments_are_expanded(world: World) -> None:
    address = next(status.address for status in await world.pods("east") if status.name == "full")
    assert await world.logs("east", "default", "full", "app") == f"at {address}\n"


async def test_volumes_show_objects_and_folders(world: World) -> None:
    script = "cd /var/run/vol; cat settings/colour keys/word token/colour host/note"
    assert await _shell(world, "full", script) == f"green{WORD}greenfrom the host"


async def test_a_read_only_host_folder_cannot_be_written(world: World) -> None:
    assert "Read-only file system" in await _shell(world, "full", "touch /var/run/vol/host/x")
    assert await _shell(world, "full", "touch /var/run/vol/scratch/x") == ""


async def test_a_volume_is_seen_only_by_the_containers_that_mount_it(world: World) -> None:
    assert WORD not in await _shell(world, "full", f"grep -rs {WORD} /run /tmp /var/run", container="other")


async def test_a_changed_config_map_shows_in_the_running_pod(world: World) -> None:
    pid = next(status for status in await world.pods("east") if status.name == "full").container("app").pid
    await world.apply("east", [_config_map("settings", colour="blue", shape="round")])
    script = "while [ ! -e /var/run/vol/settings/shape ]; do sleep 0.05; done; cat /var/run/vol/settings/*"
    assert await _shell(world, "full", script) == "blueround"
    status = next(status for status in await world.pods("east") if status.name == "full")
    assert status.container("app").pid == pid


async def test_a_projected_token_proves_account_and_pod(world: World, east: ClusterInfo) -> None:
    token = await _shell(world, "full", "cat /var/run/vol/token/token")
    key = jwt.PyJWKSet.from_dict(dict(east.jwks))[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key.key, algorithms=["ES256"], audience="somebody")
    assert claims["sub"] == "system:serviceaccount:default:keeper"
    assert claims["kubernetes.io"]["pod"]["name"] == "full"
    assert claims["exp"] - claims["iat"] == 600


async def test_another_clusters_key_does_not_verify_the_token(world: World) -> None:
    token = await _shell(world, "full", "cat /var/run/vol/token/token")
    west = jwt.PyJWKSet.from_dict(dict((await world.clusters())[1].jwks)).keys[0]
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, west.key, algorithms=["ES256"], audience="somebody")


@pytest.mark.usefixtures("world")
async def test_a_signing_key_is_readable_by_its_owner_alone(state_dir: Path) -> None:
    keys = [state_dir / "clusters" / name / "service-account.key" for name in ("east", "west")]
    assert [stat.S_IMODE(os.stat(path).st_mode) for path in keys] == [0o600, 0o600]
    assert stat.S_IMODE(os.stat(state_dir).st_mode) == 0o700


async def test_exec_gives_what_a_command_wrote_and_how_it_ended(world: World) -> None:
    script = "read word; echo out $word; echo err >&2; exit 3"
    result = await world.exec("east", "default", "left", ["sh", "-c", script], stdin=b"hello\n", timeout=10)
    assert (result.rc, result.stdout, result.stderr) == (3, b"out hello\n", b"err\n")


async def test_exec_takes_and_gives_more_than_a_pipe_holds(world: World) -> None:
    data = os.urandom(1 << 20)
    result = await world.exec("east", "default", "left", ["cat"], stdin=data, timeout=20)
    assert result.stdout == data


async def test_exec_that_lasts_too_long_is_ended(world: World) -> None:
    with pytest.raises(WaitError, match="did not end within"):
        await world.exec("east", "default", "left", ["sleep", "47"], timeout=0.2)
    assert "47" not in await _shell(
        world, "left", "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'sleep [4]7'"
    )


async def test_a_program_that_does_not_exist_is_named(world: World) -> None:
    with pytest.raises(Exception, match='"no-such-program" did not start: No such file'):
        await world.exec("east", "default", "left", ["no-such-program"])


async def test_a_refused_connection_is_told(world: World) -> None:
    with pytest.raises(DialError, match=r"127\.0\.0\.1:9 failed: Connection refused"):
        await world.dial("east", "default", "left", 9)


async def test_unknown_names_are_told(world: World) -> None:
    with pytest.raises(UnknownNameError, match="no pod default/nobody"):
        await world.dial("east", "default", "nobody", 80)
    with pytest.raises(UnknownNameError, match='no cluster "south"; there are: east, west'):
        await world.pods("south")


async def test_bad_manifests_change_nothing(world: World) -> None:
    before = [status.name for status in await world.pods("east")]
    bad = pod("bad", container(securityContext={"privileged": True}))
    with pytest.raises(
        ManifestError, match=r"Pod default/bad: .* container app: securityContext\.privileged"
    ):
        await world.apply("east", [pod("good"), bad])
    with pytest.raises(ManifestError, match="Deployment x: the embedded cluster runs only"):
        await world.apply(
            "east", [{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}}]
        )
    assert [status.name for status in await world.pods("east")] == before


async def test_python_in_a_pod_is_this_one(world: World) -> None:
    code = "import sys, convoy; print(sys.prefix)"
    result = await world.exec("east", "default", "left", [sys.executable, "-c", code], timeout=10)
    assert result.stdout.decode().strip() == sys.prefix


async def _has_succeeded(world: World, name: str) -> bool:
    return any(status.name == name and status.phase == "Succeeded" for status in await world.pods("west"))


async def _has_set_its_trap(world: World) -> bool:
    return (await world.exec("west", "default", "trapper", ["test", "-e", "/tmp/set"])).rc == 0


async def test_a_signal_reaches_a_container(world: World) -> None:
    trap = "trap 'echo caught; exit 0' USR1; touch /tmp/set; while :; do sleep 0.05; done"
    await world.apply("west", [pod("trapper", shell(trap), restartPolicy="Never")])
    await world.wait_ready("west", timeout=10)
    await until(lambda: _has_set_its_trap(world))
    await world.signal("west", "default", "trapper", "app", signal.SIGUSR1)
    await until(lambda: _has_succeeded(world, "trapper"))
    assert await world.logs("west", "default", "trapper") == "caught\n"
    await world.delete("west", "Pod", "default", "trapper")


async def test_a_token_is_renewed_before_it_expires(world: World) -> None:
    token = {"serviceAccountToken": {"path": "token", "audience": "a", "expirationSeconds": 2}}
    mount = {"name": "brief", "mountPath": "/var/run/brief"}
    volumes = [{"name": "brief", "projected": {"sources": [token]}}]
    await world.apply("west", [pod("brief", shell(SLEEP, volumeMounts=[mount]), volumes=volumes)])
    await world.wait_ready("west", timeout=10)
    first = await _token(world)

    async def later() -> str:
        now = await _token(world)
        return now if now != first else ""

    second = await until(later)
    times = [jwt.decode(text, options={"verify_signature": False}) for text in (first, second)]
    assert times[0]["iat"] < times[1]["iat"] <= times[0]["exp"]
    await world.delete("west", "Pod", "default", "brief")


async def _token(world: World) -> str:
    result = await world.exec("west", "default", "brief", ["cat", "/var/run/brief/token"], timeout=10)
    return result.stdout.decode()
