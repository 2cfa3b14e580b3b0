"""`convoy up` as a person uses it: started, repeated, killed, ended; the same objects and addresses."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.world, pytest.mark.slow]

CONVOY = Path(sys.executable).parent / "convoy"
KUBECTL = shutil.which("kubectl")
MANIFESTS = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: LoadBalancer
  selector: {app: web}
  ports: [{port: 80, targetPort: 8000}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: example.test/web
        command: [python3, -m, http.server, "8000"]
        readinessProbe: {httpGet: {port: 8000}, periodSeconds: 1}
"""


class Home:
    """A person's Convoy, with a home of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.environ = {**os.environ, "CONVOY_HOME": str(folder), "HOME": str(folder / "user")}

    def convoy(self, *arguments, ok=True):
        ran = subprocess.run(
            [CONVOY, *arguments], env=self.environ, capture_output=True, text=True, check=False, timeout=90
        )
        assert (ran.returncode == 0) is ok, ran.stdout + ran.stderr
        assert "Traceback" not in ran.stderr
        return ran.stdout if ok else ran.stderr

    def kubectl(self, cluster, *arguments, stdin=""):
        environ = {**self.environ, "KUBECONFIG": self.convoy("kubeconfig").strip()}
        ran = subprocess.run(
            [KUBECTL, f"--context={cluster}", *arguments],
            env=environ, input=stdin, capture_output=True, text=True, check=False, timeout=90,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def addresses(self, cluster):
        service = json.loads(self.kubectl(cluster, "get", "service", "web", "-o", "json"))
        return (
            service["spec"]["clusterIP"],
            service["status"]["loadBalancer"]["ingress"],
            service["spec"]["ports"],
        )

    def holder(self):
        """The process that holds this home's world."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if b"convoy.cli.clusters.holder" in words and os.fsencode(self.folder / "world") in words:
                    return int(entry.name)
        return None


@pytest.fixture
def home(tmp_path):
    if KUBECTL is None:
        pytest.fail("kubectl is missing: install Debian's kubernetes-client")
    home = Home(tmp_path)
    yield home
    home.convoy("down", "--purge")
    assert home.holder() is None
    assert not (tmp_path / "world").exists()


def test_clusters_are_the_same_after_down_and_after_a_kill(home):
    said = home.convoy("up", "--bare", "--clusters", "east,west")
    assert "2 clusters are ready" in said
    config = Path(home.convoy("kubeconfig").strip())
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    home.kubectl("east", "apply", "-f", "-", stdin=MANIFESTS)
    home.kubectl("east", "rollout", "status", "deployment/web", "--timeout=60s")
    before, servers = home.addresses("east"), [row["server"] for row in status(home)]

    assert "runs already" in home.convoy("up", "--bare")
    home.convoy("down")
    assert [row["state"] for row in status(home)] == ["stopped", "stopped"]
    home.convoy("up", "--bare")
    home.kubectl("east", "rollout", "status", "deployment/web", "--timeout=60s")
    assert (home.addresses("east"), [row["server"] for row in status(home)]) == (before, servers)

    killed = home.holder()
    os.kill(killed, signal.SIGKILL)
    while home.holder() is not None:
        time.sleep(0.01)
    home.convoy("up", "--bare")
    home.kubectl("east", "rollout", "status", "deployment/web", "--timeout=60s")
    assert (home.addresses("east"), [row["server"] for row in status(home)]) == (before, servers)


def status(home):
    return json.loads(home.convoy("status", "-o", "json"))["clusters"]


def test_commands_say_what_to_do_when_nothing_runs(home):
    assert "convoy up" in home.convoy("kubeconfig", ok=False)
    assert "convoy up" in home.convoy("logs", ok=False)
    assert "No cluster runs." in home.convoy("down")
    assert status(home) == []


def test_ephemeral_cluster_forgets_its_objects(home):
    home.convoy("up", "--bare", "--clusters", "one", "--ephemeral", "--nodes", "2")
    assert status(home)[0]["nodes"] == [2, 2]
    home.kubectl("one", "create", "configmap", "kept")
    assert "before" in home.convoy("up", "--bare", "--nodes", "3", ok=False)
    home.convoy("down")
    home.convoy("up", "--bare")
    assert "kept" not in home.kubectl("one", "get", "configmaps", "-o", "name")
    assert "convoy" in home.kubectl("one", "get", "nodes", "-o", "wide").lower()
