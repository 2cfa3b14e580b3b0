"""Facts about credentials that a program gives; the programs are real."""

import asyncio
import json
import os
from datetime import timedelta

import pytest
from tests.kit.clocks import FakeClock
from tests.unit.config.kube.kubeconfigs import data, one_cluster
from tests.unit.config.kube.secure_server import secure_server

from convoy.config.errors import KubeconfigError, KubeError
from convoy.config.kube import exec_credentials
from convoy.config.kube.client import KubeClient
from convoy.config.kube.exec_credentials import VERSIONS, ExecCredentials, ExecPlan, run_plan
from convoy.config.kube.kubeconfig import load_kubeconfig
from convoy.config.kube.resources import NAMESPACES


@pytest.fixture
def program(tmp_path):
    """Writes a shell program and gives its path."""

    def write(text):
        file = tmp_path / "plugin"
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o700)
        return str(file)

    return write


def plan(command, **more):
    return ExecPlan(**{"user": "me", "api_version": VERSIONS[0], "command": command, **more})


def credential(version=VERSIONS[0], **status):
    return json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status})


def printing(*args, **status):
    return f"cat <<'END'\n{credential(*args, **status)}\nEND"


@pytest.mark.parametrize("version", VERSIONS)
async def test_program_gives_a_token(program, version):
    made = program(printing(version, token="hidden"))
    got, expires = await run_plan(plan(made, api_version=version))
    assert (got.token.reveal(), expires) == (b"hidden", None)
    assert "hidden" not in repr(got)


async def test_program_is_told_what_it_is_asked_for(program, tmp_path):
    made = program(
        f'echo "$1 $NAME $KUBERNETES_EXEC_INFO" > {tmp_path}/seen\n[ -t 0 ] && exit 3\n' + printing(token="a")
    )
    info = {"server": "https://a", "config": {"x": 1}}
    await run_plan(plan(made, args=("get-token",), env={"NAME": "value"}, cluster=info))
    first, second, told = (tmp_path / "seen").read_text().split(" ", 2)
    assert (first, second) == ("get-token", "value")
    assert json.loads(told) == {
        "apiVersion": VERSIONS[0],
        "kind": "ExecCredential",
        "spec": {"interactive": False, "cluster": info},
    }


async def test_program_runs_once_for_all_who_wait_and_again_when_its_credentials_expire(program, tmp_path):
    clock = FakeClock()
    expiry = (clock.at + timedelta(minutes=5)).isoformat()
    made = program(f"echo run >> {tmp_path}/runs\n" + printing(token="a", expirationTimestamp=expiry))
    source = ExecCredentials(plan(made), clock=clock)

    def runs():
        return len((tmp_path / "runs").read_text().splitlines())

    await asyncio.gather(source.current(), source.current(), source.current())
    clock.goes_on(280)
    await source.current()
    assert runs() == 1
    clock.goes_on(15)
    await source.current()
    assert runs() == 2
    source.refuse()
    await source.current()
    assert runs() == 3


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("echo it went wrong >&2; exit 7", "ended with status 7: it went wrong"),
        ("exit 7", "ended with status 7."),
        ("echo nonsense", "did not print an ExecCredential."),
        ("echo '{}'", "did not print an ExecCredential with a status."),
        (printing(), "gave neither a token nor a certificate."),
        (printing(VERSIONS[1], token="a"), f"speaks {VERSIONS[1]}, but the kubeconfig says {VERSIONS[0]}."),
        (printing(clientCertificateData="a"), "gave a certificate without its key"),
        (printing(token="a", expirationTimestamp="2030-01-01T00:00:00"), "without a time zone"),
        (printing(token="a", expirationTimestamp="tomorrow"), "did not print an ExecCredential."),
    ],
)
async def test_what_goes_wrong_is_told_in_a_sentence(program, text, sentence):
    with pytest.raises(KubeconfigError) as caught:
        await run_plan(plan(program(text)))
    assert sentence in str(caught.value)
    assert "user me" in str(caught.value)


async def test_missing_program_is_told_with_its_hint():
    hint = "Install it from somewhere."
    with pytest.raises(KubeconfigError, match=r"needs the program no-such-program, .*Install it from"):
        await run_plan(plan("no-such-program", install_hint=hint))


async def test_program_that_hangs_is_ended(program, tmp_path, monkeypatch):
    monkeypatch.setattr(exec_credentials, "_PATIENCE_SECONDS", 0.2)
    made = program(f"echo $$ > {tmp_path}/pid\nexec sleep 60")
    with pytest.raises(KubeconfigError, match=r"gave nothing in 0\.2 s"):
        await run_plan(plan(made))
    pid = (tmp_path / "pid").read_text().strip()
    assert pid not in os.listdir("/proc")


async def test_certificate_of_a_program_is_shown_and_replaced(program, tmp_path):
    async with secure_server() as server:
        made = program(f"cat {tmp_path}/answer")
        config = {"apiVersion": VERSIONS[0], "command": "./plugin", "interactiveMode": "Never"}
        authority = {"certificate-authority-data": data(server.authority.root_pem)}
        file = one_cluster(tmp_path / "config", server=server.url, user={"exec": config}, **authority)
        assert made == str(tmp_path / "plugin")
        async with KubeClient(load_kubeconfig(file)) as client:
            for name in ("first", "second"):
                issued = server.authority.issue(dns=(name,))
                status = {
                    "clientCertificateData": issued.chain_pem.decode(),
                    "clientKeyData": issued.key_pem.decode(),
                    "token": name,
                }
                (tmp_path / "answer").write_text(credential(**status))
                assert (await client.get(NAMESPACES, "a"))["peer"] == [name]
                server.refused = {name}


async def test_program_that_fails_is_told_with_the_request(program, tmp_path):
    config = {"apiVersion": VERSIONS[0], "command": program("exit 1")}
    target = load_kubeconfig(one_cluster(tmp_path / "config", user={"exec": config}))
    async with KubeClient(target) as client:
        with pytest.raises(
            KubeError, match=r"get of namespaces a in cluster east failed: .*ended with status 1"
        ):
            await client.get(NAMESPACES, "a")


async def test_program_may_be_told_of_its_cluster(program, tmp_path):
    config = {
        "apiVersion": VERSIONS[1],
        "command": program(
            f'echo "$KUBERNETES_EXEC_INFO" > {tmp_path}/seen\n' + printing(VERSIONS[1], token="a")
        ),
        "provideClusterInfo": True,
        "env": None,
    }
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}}
    more = {"tls-server-name": "name", "extensions": [extension]}
    target = load_kubeconfig(one_cluster(tmp_path / "config", user={"exec": config}, **more))
    await target.credentials.current()
    assert json.loads((tmp_path / "seen").read_text())["spec"]["cluster"] == {
        "server": "https://localhost:6443",
        "tls-server-name": "name",
        "config": {"audience": "x"},
    }
