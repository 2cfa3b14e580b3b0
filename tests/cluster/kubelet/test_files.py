"""What containers of the API see: roots of their own, volumes wherever they are wanted, users, names."""

import asyncio
import os
import stat
from pathlib import Path

import jwt
import pytest
import pytest_asyncio
from tests.cluster.kubelet.laboratory import Laboratory, container_of, reason
from tests.cluster.manifests import Manifest, pod, shell
from tests.kit.waiting import until

pytestmark = [pytest.mark.world, pytest.mark.asyncio(loop_scope="module")]

SLEEP = "exec sleep infinity"
WORD = os.urandom(8).hex()
TOKEN = {"serviceAccountToken": {"path": "token", "audience": "somebody", "expirationSeconds": 600}}
LABELS = {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}
CPU = {"path": "cpu", "resourceFieldRef": {"containerName": "app", "resource": "limits.cpu", "divisor": "1m"}}


def _volumes() -> list[Manifest]:
    secret = {"secretName": "keys", "defaultMode": 0o400, "items": [{"key": "word", "path": "deep/word"}]}
    return [
        {"name": "settings", "configMap": {"name": "settings"}},
        {"name": "maybe", "configMap": {"name": "nowhere", "optional": True}},
        {"name": "keys", "secret": secret},
        {"name": "down", "downwardAPI": {"items": [LABELS, CPU]}},
        {"name": "all", "projected": {"sources": [TOKEN, {"configMap": {"name": "settings"}}]}},
        {"name": "scratch", "emptyDir": {}},
        {"name": "memory", "emptyDir": {"medium": "Memory"}},
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def peopled(lab: Laboratory) -> None:
    """A pod with every sort of volume in uncommon places, and a neighbour."""
    await lab.create("configmaps", {"metadata": {"name": "settings"}, "data": {"colour": "green"}})
    await lab.create("secrets", {"metadata": {"name": "keys"}, "stringData": {"word": WORD}})
    mounts = [
        {"name": "settings", "mountPath": "/etc/app/settings"},
        {"name": "settings", "mountPath": "/usr/share/one/colour.conf", "subPath": "colour"},
        {"name": "maybe", "mountPath": "/maybe"},
        {"name": "keys", "mountPath": "/keys"},
        {"name": "down", "mountPath": "/down"},
        {"name": "all", "mountPath": "/var/run/secrets/all"},
        {"name": "scratch", "mountPath": "/data/scratch", "subPathExpr": "for-$(NAME)"},
        {"name": "memory", "mountPath": "/data/memory"},
    ]
    env = [
        {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}},
        {
            "name": "MEMORY",
            "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}},
        },
        {"name": "GREETING", "value": "$(NAME) at $(HOST), $$(NAME)"},
    ]
    limits = {"limits": {"cpu": "250m", "memory": "64Mi"}}
    app = shell(
        SLEEP,
        volumeMounts=mounts,
        env=env,
        resources=limits,
        envFrom=[{"configMapRef": {"name": "settings"}}],
    )
    other = shell(SLEEP, name="other", volumeMounts=[{"name": "scratch", "mountPath": "/shared"}])
    full = pod("full", app, other, volumes=_volumes(), hostname="myhost", subdomain="sub")
    aliases = [{"ip": "10.1.2.3", "hostnames": ["there"]}]
    full["spec"] |= {"hostAliases": aliases, "dnsConfig": {"options": [{"name": "ndots", "value": "2"}]}}
    await lab.run(full)
    await lab.run(pod("left", shell(SLEEP)))
    for name in ("full", "left"):
        await lab.ready(name)


async def test_mount_points_are_made_wherever_they_are_wanted(lab: Laboratory) -> None:
    script = "cat /etc/app/settings/colour /usr/share/one/colour.conf /keys/deep/word; ls /maybe"
    assert await lab.sh("full", script, "app") == f"greengreen{WORD}"
    assert await lab.sh("full", "stat -Lc %a /keys/deep/word", "app") == "400\n"


async def test_volumes_of_the_downward_api_follow_the_pod(lab: Laboratory) -> None:
    assert await lab.sh("full", "cat /down/labels /down/cpu", "app") == 'app="full"\n250'
    await lab.relabel("full", app="other")
    await lab.sh("full", "while ! grep -q other /down/labels; do sleep 0.02; done", "app")


async def test_a_changed_object_shows_all_at_once_but_not_in_a_sub_path(lab: Laboratory) -> None:
    await lab.change("configmaps", "settings", data={"colour": "blue", "shape": "round"})
    await lab.sh("full", "while [ ! -e /etc/app/settings/shape ]; do sleep 0.02; done", "app")
    script = "cat /etc/app/settings/* /usr/share/one/colour.conf; readlink /etc/app/settings/shape"
    assert await lab.sh("full", script, "app") == "blueroundgreen..data/shape\n"


async def test_containers_share_an_empty_dir_and_nothing_else_that_they_write(lab: Laboratory) -> None:
    await lab.sh("full", "echo shared >/data/scratch/x; echo own >/own; echo own >/tmp/own", "app")
    assert await lab.sh("full", "cat /shared/for-full/x; ls /own /tmp 2>/dev/null", "other") == (
        "shared\n/tmp:\n"
    )
    assert await lab.sh("full", "cat /own /tmp/own", "app") == "own\nown\n"


async def test_variables_come_from_everywhere(lab: Laboratory) -> None:
    script = 'echo "$GREETING $MEMORY $colour"; hostname; cat /etc/hosts; grep -c ndots:2 /etc/resolv.conf'
    told = (await lab.sh("full", script, "app")).splitlines()
    assert told[:2] == ["full at 198.18.9.1, $(NAME) 64 green", "myhost"]
    assert "10.1.2.3 there" in told
    assert any(line.endswith("myhost.sub.default.svc.cluster.local myhost") for line in told)
    assert told[-1] == "1"


async def test_a_projected_token_is_bound_to_its_pod(lab: Laboratory) -> None:
    token = await lab.sh("full", "cat /var/run/secrets/all/token", "app")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["sub"] == "system:serviceaccount:default:default"
    assert claims["aud"] == ["somebody"]
    assert claims["kubernetes.io"]["pod"]["uid"] == (lab.pod("full") or {})["metadata"]["uid"]


async def test_the_machines_files_are_read_only_and_the_state_is_hidden(lab: Laboratory) -> None:
    assert "Read-only file system" in await lab.sh("left", f"touch {Path(__file__).parent}/made-by-a-pod")
    assert await lab.sh("left", f"ls -A {lab.folder} 2>/dev/null") == ""
    assert "convoy-old" not in await lab.sh("left", "ls -A / /run")


async def test_a_neighbour_is_neither_seen_nor_signalled(lab: Laboratory) -> None:
    before = container_of((lab.pod("full") or {})["status"])
    assert sorted((await lab.sh("left", "cat /proc/[0-9]*/comm")).split()) == ["convoy-pod", "sh", "sleep"]
    assert WORD not in await lab.sh("left", f"grep -rs {WORD} /run /tmp /var/run /data /keys")
    await lab.sh("left", "kill -9 -1")
    await lab.when("left", lambda status: container_of(status).get("restartCount") == 1)
    assert container_of((lab.pod("full") or {})["status"]) == before


async def test_an_application_cannot_look_into_its_sidecar(lab: Laboratory) -> None:
    mounts = [{"name": "keys", "mountPath": "/keys"}]
    admin = {"capabilities": {"add": ["NET_ADMIN"]}}
    proxy = shell(SLEEP, "proxy", restartPolicy="Always", securityContext=admin, volumeMounts=mounts)
    volumes = [{"name": "keys", "secret": {"secretName": "keys"}}]
    await lab.run(pod("meshed", shell(SLEEP), initContainers=[proxy], volumes=volumes))
    await lab.ready("meshed")
    assert WORD in await lab.sh("meshed", "cat /keys/word", "proxy")
    script = "for p in /proc/[0-9]*; do cat $p/root/keys/word $p/environ; ls $p/cwd/keys; done"
    # Nor through a command that somebody runs in it.
    entered = asyncio.create_task(lab.sh("meshed", "touch /tmp/entered; sleep 2", "proxy"))
    await lab.sh("meshed", "while [ ! -e /tmp/entered ]; do sleep 0.05; done", "proxy")
    told = await lab.sh("meshed", script, "app")
    assert not entered.done()
    await entered
    assert "ermission denied" in told
    assert WORD not in told
    await lab.delete("meshed", grace=0)


async def test_a_container_has_no_capabilities_and_few_devices(lab: Laboratory) -> None:
    status = await lab.sh("full", "cat /proc/self/status", "app")
    assert {line.split()[1] for line in status.splitlines() if line.startswith("Cap")} == {"0" * 16}
    assert "NoNewPrivs:\t1" in status
    assert "kmsg" not in await lab.sh("full", "ls /dev", "app")


async def test_a_read_only_root_leaves_only_volumes_writable(lab: Laboratory) -> None:
    mounts = [{"name": "tmp", "mountPath": "/tmp"}]
    closed = shell(SLEEP, securityContext={"readOnlyRootFilesystem": True}, volumeMounts=mounts)
    await lab.run(pod("closed", closed, volumes=[{"name": "tmp", "emptyDir": {}}]))
    await lab.ready("closed")
    told = await lab.sh("closed", "for f in /x /run/x /var/tmp/x /tmp/x; do touch $f && echo $f; done")
    assert [line for line in told.splitlines() if line.startswith("/")] == ["/tmp/x"]
    await lab.delete("closed", grace=0)


@pytest.mark.skipif(Path("/proc/self/uid_map").read_text().split()[2] == "1", reason="there is one user only")
async def test_a_container_runs_as_the_user_it_asks_for(lab: Laboratory) -> None:
    context = {"runAsUser": 1234, "runAsGroup": 2345, "fsGroup": 3456}
    mounts = [{"name": "scratch", "mountPath": "/scratch"}, {"name": "keys", "mountPath": "/keys"}]
    volumes = [
        {"name": "scratch", "emptyDir": {}},
        {"name": "keys", "secret": {"secretName": "keys", "defaultMode": 0o400}},
    ]
    app = shell(f"echo mine >/scratch/x; id; echo $(cat /keys/word); {SLEEP}", volumeMounts=mounts)
    await lab.run(pod("user", app, securityContext=context, volumes=volumes))
    await lab.ready("user")
    assert (await lab.logged("user", WORD)).startswith("uid=1234 gid=2345 groups=2345,3456")
    assert (await lab.sh("user", "id -u; stat -c %u /scratch/x")) == "1234\n1234\n"
    await lab.run(pod("torn", shell(SLEEP, securityContext={"runAsNonRoot": True, "runAsUser": 0})))
    status = await lab.when(
        "torn", lambda status: reason(container_of(status)) == "CreateContainerConfigError"
    )
    assert "breaks non-root policy" in container_of(status)["state"]["waiting"]["message"]
    for name in ("user", "torn"):
        await lab.delete(name, grace=0)


async def test_a_pod_waits_for_what_it_refers_to(lab: Laboratory) -> None:
    reference = {"secretKeyRef": {"name": "late", "key": "word"}}
    app = shell(f"echo $WORD; {SLEEP}", env=[{"name": "WORD", "valueFrom": reference}])
    await lab.run(pod("patient", app, volumes=[{"name": "v", "configMap": {"name": "later"}}]))
    assert "later does not exist" in await lab.event("patient", "FailedMount")
    await lab.create("configmaps", {"metadata": {"name": "later"}, "data": {}})
    await lab.when("patient", lambda status: reason(container_of(status)) == "CreateContainerConfigError")
    await lab.create("secrets", {"metadata": {"name": "late"}, "stringData": {"word": "now"}})
    assert await lab.logged("patient", "now\n") == "now\n"
    await lab.delete("patient", grace=0)


async def test_a_claim_keeps_its_content_from_pod_to_pod(lab: Laboratory) -> None:
    claim = {
        "metadata": {"name": "kept"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "kept"}}]
    app = shell(f"date >>/data/log; {SLEEP}", volumeMounts=[{"name": "data", "mountPath": "/data"}])
    await lab.run(pod("writer", app, volumes=volumes))
    assert 'persistentvolumeclaim "kept" not found' in await lab.event("writer", "FailedMount")
    await lab.create("persistentvolumeclaims", claim)
    await lab.bind_claim("kept", "pv-1")
    await lab.ready("writer")
    await lab.delete("writer")
    await lab.gone("writer")
    await lab.run(pod("reader", app, volumes=volumes))
    await lab.ready("reader")
    assert (
        await lab.sh("reader", "while [ $(wc -l </data/log) != 2 ]; do sleep 0.02; done; echo two") == "two\n"
    )
    await lab.delete("reader", grace=0)


async def test_a_host_path_is_mounted_where_it_is_allowed(lab: Laboratory, tmp_path: Path) -> None:
    (tmp_path / "note").write_text("from the host")
    lab.host_paths = (str(tmp_path),)
    await lab.stop()
    lab.start()
    volumes = [{"name": "host", "hostPath": {"path": str(tmp_path)}}]
    app = shell(SLEEP, volumeMounts=[{"name": "host", "mountPath": "/host", "readOnly": True}])
    await lab.run(pod("allowed", app, volumes=volumes))
    await lab.ready("allowed")
    assert await lab.sh("allowed", "cat /host/note") == "from the host"
    assert "Read-only" in await lab.sh("allowed", "touch /host/x")
    await lab.delete("allowed", grace=0)


async def test_a_pods_folders_go_with_it_and_are_its_owners_alone(lab: Laboratory) -> None:
    await lab.run(pod("brief", shell(SLEEP), volumes=[{"name": "scratch", "emptyDir": {}}]))
    await lab.ready("brief")
    folder = lab.volume("brief", "scratch").parents[1]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    await lab.delete("brief")
    await lab.gone("brief")
    await until(lambda: not folder.exists())
