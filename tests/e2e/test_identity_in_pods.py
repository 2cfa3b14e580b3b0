"""What an application can see and do in its pod: nothing of its proxy's secrets, and no way round it."""

import pytest
from tests.e2e.observing import SYSTEM, ObservedMesh
from tests.e2e.playground import HTTP, MARKS

from convoy.cli.pod_traffic import Request, ask_once

pytestmark = MARKS

PROXY = "istio-proxy"


async def run_in(mesh: ObservedMesh, pod: str, *argv: str, container: str = "") -> tuple[int, str]:
    name, _, namespace = pod.partition(".")
    done = await mesh.local.world.exec("cluster1", namespace, name, argv, container=container)
    return done.rc, (done.stdout + done.stderr).decode(errors="replace")


async def run_python(mesh: ObservedMesh, pod: str, program: str) -> str:
    code, output = await run_in(mesh, pod, "python3", "-c", program)
    assert code == 0, output
    return output.strip()


SECRETS = ("/var/run/convoy/sds/default.yaml", "/var/run/secrets/tokens/istio-token")


@pytest.mark.parametrize("path", SECRETS)
async def test_an_application_cannot_read_its_own_proxys_secrets(playground: ObservedMesh, path: str) -> None:
    code, secret = await run_in(playground, "echo.default", "cat", path, container=PROXY)
    assert code == 0, secret
    found = await run_python(
        playground,
        "echo.default",
        f"""
import glob
ways = [p + way for p in glob.glob('/proc/[0-9]*') for way in ('/root', '/cwd', '/cwd/..', '/cwd/../..')]
for way in ['', *ways]:
    try:
        print(len(open(way + {path!r}).read()), way)
    except OSError:
        pass
""",
    )
    assert found == ""


async def test_an_application_cannot_look_into_its_proxys_memory(playground: ObservedMesh) -> None:
    found = await run_python(
        playground,
        "echo.default",
        """
import glob, os
for process in glob.glob('/proc/[0-9]*'):
    if process == f'/proc/{os.getpid()}':
        continue
    try:
        name = open(process + '/cmdline').read()
    except OSError:
        continue
    if 'envoy' not in name and 'convoy.agent' not in name:
        continue
    print('seen')
    for part in ('mem', 'environ', 'maps'):
        try:
            open(process + '/' + part, 'rb').read(1)
            print('read', process, part)
        except OSError:
            pass
""",
    )
    assert set(found.split("\n")) == {"seen"}


async def test_an_application_has_no_capability_and_gets_none(playground: ObservedMesh) -> None:
    status = await run_python(playground, "echo.default", "print(open('/proc/self/status').read())")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {fields[name] for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb", "CapInh")} == {"0" * 16}
    assert fields["NoNewPrivs"].strip() == "1"
    main = await run_python(
        playground,
        "echo.default",
        """
import glob
for process in glob.glob('/proc/[0-9]*'):
    if 'echo_app.py' in open(process + '/cmdline').read() and process != '/proc/self':
        print([l.split()[1] for l in open(process + '/status') if l.startswith(('CapBnd', 'NoNewPrivs'))])
""",
    )
    assert str(["0" * 16, "1"]) in main


@pytest.mark.parametrize("first", ["", "assert ctypes.CDLL(None).unshare(0x10000000) == 0"])
async def test_an_application_cannot_mark_its_sockets(playground: ObservedMesh, first: str) -> None:
    code, output = await run_in(
        playground,
        "echo.default",
        "python3",
        "-c",
        f"import ctypes, socket\n{first}\nsocket.socket().setsockopt(socket.SOL_SOCKET, 36, 1337)",
    )
    assert code != 0
    assert "PermissionError" in output


async def test_an_application_cannot_change_its_capture(playground: ObservedMesh) -> None:
    for argv in (("nft", "flush", "ruleset"), ("unshare", "-Ur", "nft", "flush", "ruleset")):
        code, _ = await run_in(playground, "echo.default", *argv)
        assert code != 0
    # Its own calls still go through its proxy, which proves who it is.
    own = await ask_once(playground.dial_pod("echo.default", "echo.default", HTTP), Request("echo.default"))
    assert "spiffe://cluster.local/ns/default/sa/echo" in own.body.decode()


async def test_no_key_of_the_mesh_is_in_sight_of_a_pod(playground: ObservedMesh) -> None:
    state = playground.local.state
    keys = [path for path in state.rglob("*") if path.is_file() and "key" in path.name]
    assert playground.root_key_path() in keys
    for pod in ("echo.default", "outsider.plain", f"istiod.{SYSTEM}"):
        for key in keys:
            code, output = await run_in(playground, pod, "cat", str(key))
            assert code != 0
            assert "PRIVATE KEY" not in output
    _, listed = await run_in(playground, "outsider.plain", "ls", str(state))
    assert "ca" not in listed.split()


async def test_a_gateway_keeps_its_certificate_to_itself(playground: ObservedMesh) -> None:
    """The admin interface, which everything in a pod reaches, shows certificates and no keys."""
    for path in ("/certs", "/config_dump", "/config_dump?include_eds"):
        reply = await playground.admin("echo", path)
        assert reply.status == 200
        assert b"PRIVATE KEY" not in reply.body
